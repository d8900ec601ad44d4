"""Keeps the kernel as a Network says: what changed is removed and made, all else stays untouched."""

import logging
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

from yunsim.dataplane.kernel.commands import Command, Thing
from yunsim.dataplane.kernel.names import SERVICES, Surroundings
from yunsim.dataplane.kernel.namespaces import NotMade, carry_out
from yunsim.dataplane.kernel.network import Block, Network
from yunsim.dataplane.kernel.possible import NotPossible, no_translation, routed_here, try_out
from yunsim.dataplane.kernel.runs import FOLDER, dead, removal, running
from yunsim.dataplane.kernel.things import things

_LINK_LENGTH = 30
_log = logging.getLogger(__name__)


class Kernel:
    """The network of one run; made by `kernel`."""

    def __init__(self, prefix: str, taken: Sequence[Block]) -> None:
        """Name the run, and the networks that this machine routes already."""
        self._around = Surroundings(prefix, {})
        self._taken = taken
        self._made: dict[str, Thing] = {}
        self._lack: str | None = None

    @property
    def names(self) -> Surroundings:
        """How instances and VPCs are found as namespaces."""
        return self._around

    def lacks_translation(self) -> str:
        """Say why there can be no elastic addresses, "" where there can; it is tried out once."""
        if self._lack is None:
            self._lack = no_translation(self._around.prefix)
        return self._lack

    async def apply(self, network: Network) -> None:
        """Make it so. Raises NotMade, NotPossible; what was asked for anew is then not there at all."""
        if network.elastics and (why := self.lacks_translation()):
            raise NotPossible(why)
        self._around = self._linked(network)
        wanted = things(network, self._around)
        gone = _gone(self._made, wanted)
        kept = {name: each for name, each in self._made.items() if name not in gone}
        new = {name: each for name, each in wanted.items() if name not in kept}
        await carry_out(_removal(gone.values()), forgiving=True)
        self._made = kept | new
        try:
            await carry_out(command for each in new.values() for command in each.make)
        except NotMade:
            await carry_out(_removal(new.values()), forgiving=True)
            self._made = kept
            raise

    async def close(self) -> None:
        """Remove everything."""
        self._made = {}
        await carry_out(removal(self._around.prefix), forgiving=True)

    def _linked(self, network: Network) -> Surroundings:
        """Give each new VPC a /30 for its link, none that is in use. Raises NotPossible."""
        links = {vpc.id: self._around.links[vpc.id] for vpc in network.vpcs if vpc.id in self._around.links}
        new = [vpc for vpc in network.vpcs if vpc.id not in links]
        for vpc in new:
            self._refuse_overlap(vpc.id, vpc.blocks, network)
            used = (*self._taken, *links.values())
            free = (each for each in SERVICES.subnets(new_prefix=_LINK_LENGTH) if not _overlaps(each, used))
            links[vpc.id] = next(free)
        return replace(self._around, links=links)

    def _refuse_overlap(self, vpc_id: str, blocks: Sequence[Block], network: Network) -> None:
        others = [block for vpc in network.vpcs if vpc.id != vpc_id for block in vpc.blocks]
        for block in blocks:
            if _overlaps(block, (*self._taken, *others)):
                raise NotPossible(
                    f"{block} of {vpc_id} is in use already, by this machine or another VPC: this process could not "
                    "tell whom it talks to; give the VPC another CIDR block, or start in a network namespace of its own"
                )


def _overlaps(block: Block, others: Iterable[Block]) -> bool:
    return any(block.version == each.version and block.overlaps(each) for each in others)


def _gone(made: Mapping[str, Thing], wanted: Mapping[str, Thing]) -> dict[str, Thing]:
    """What is to be removed: what is wanted no more or otherwise, and with each thing its parts."""
    gone: dict[str, Thing] = {}
    for name, each in made.items():
        if wanted.get(name) != each or each.on in gone:
            gone[name] = each
    return gone


def _removal(made: Iterable[Thing]) -> list[Command]:
    return [command for each in reversed(list(made)) for command in each.remove]


@asynccontextmanager
async def kernel(prefix: str, folder: Path = FOLDER) -> AsyncIterator[Kernel]:
    """Have a network in the kernel while the block runs; what dead runs left is removed first.

    Namespaces are named `prefix` and the id of an instance or VPC. Raises NotPossible, which says what is missing.
    """
    try_out(prefix)
    try:
        await _remove_dead(folder)
        with running(prefix, folder):
            made = Kernel(prefix, routed_here())
            try:
                yield made
            finally:
                await made.close()
    except NotMade as error:
        raise NotPossible(str(error)) from error


async def _remove_dead(folder: Path) -> None:
    with dead(folder) as prefixes:
        for prefix in prefixes:
            await carry_out(removal(prefix), forgiving=True)
            _log.warning("Removed what a run that has ended left: namespaces %s*", prefix)
