"""Which namespaces belong to a run that lives: each run holds a lock that the system lets go of when it ends.

Everything of a run is named with its prefix. A start removes what runs left that no longer live, and touches nothing
whose prefix it does not find in a lock file of such a run.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from yunsim.dataplane.kernel.commands import HERE, Command, Ip
from yunsim.dataplane.kernel.names import UPLINK
from yunsim.dataplane.kernel.namespaces import NAMES, NotMade

FOLDER = Path("/run/yunsim")
"""Where each run has its lock, in a file named after its prefix."""


@contextmanager
def running(prefix: str, folder: Path = FOLDER) -> Iterator[None]:
    """Hold this run's lock while the block runs. Raises NotMade when a run that lives has that prefix already."""
    try:
        folder.mkdir(mode=0o755, exist_ok=True)
        path = folder / f"{prefix}.lock"
        held = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as error:
        raise NotMade(f"{folder} cannot be written: {error.strerror}") from error
    try:
        if not _locked(held):
            raise NotMade(f"another run has the prefix {prefix!r}; choose another one")
        for other in (each.stem for each in folder.glob("*.lock") if each != path):
            if other.startswith(prefix) or prefix.startswith(other):
                path.unlink()
                raise NotMade(
                    f"the prefix {prefix!r} is not told apart from {other!r}, which a run has; choose another"
                )
        yield
        path.unlink()
    finally:
        os.close(held)


@contextmanager
def dead(folder: Path = FOLDER) -> Iterator[list[str]]:
    """Hold the locks of runs that have ended without removing what was theirs, and forget these runs afterwards.

    Gives their prefixes: what is to be removed while the block runs.
    """
    with ExitStack() as stack:
        found = [path for path in sorted(folder.glob("*.lock")) if _is_free(path, stack)]
        yield [path.stem for path in found]
        for path in found:
            path.unlink(missing_ok=True)


def _is_free(path: Path, stack: ExitStack) -> bool:
    try:
        held = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except OSError:  # gone meanwhile, or not ours
        return False
    stack.callback(os.close, held)
    return _locked(held)


def removal(prefix: str) -> Iterator[Command]:
    """Give what removes a run: its namespaces are cut off first, since one that a process is in outlives its name."""
    names = sorted(each.name for each in NAMES.glob(f"{prefix}*"))
    for name in names:
        yield from (Ip(name, f"link del {UPLINK}"), Ip(name, "link del eth0"))
    yield from (Ip(HERE, f"netns del {name}") for name in names)


def _locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
