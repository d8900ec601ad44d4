"""Carries commands out: `ip` and `nft` as programs, and settings by going into a namespace for the moment of a write.

Going into a network namespace is a matter of one thread (setns(2)), and the namespace of a file below /proc/sys/net is
that of the thread which opens it (proc(5)).
"""

import asyncio
import ctypes
import logging
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import groupby
from pathlib import Path

from yunsim.dataplane.kernel.commands import HERE, Command, Ip, Nft, Setting

NAMES = Path("/run/netns")
"""Where `ip netns` keeps the names of namespaces."""
SETTINGS = Path("/proc/sys/net")
_CLONE_NEWNET = 0x40000000
_log = logging.getLogger(__name__)


class NotMade(Exception):
    """The kernel refused a command; the text names it and has the kernel's answer."""


@contextmanager
def inside(namespace: str) -> Iterator[None]:
    """Be in a named network namespace, in this thread, while the block runs: no await in it. Raises OSError."""
    if namespace == HERE:
        yield
        return
    with _opened("/proc/thread-self/ns/net") as home, _opened(NAMES / namespace) as there:
        _set(there)
        try:
            yield
        finally:
            _set(home)


async def carry_out(commands: Iterable[Command], *, forgiving: bool = False) -> None:
    """Do all that in turn. Raises NotMade at the first that fails, unless forgiving: then what follows is done too."""
    for (kind, namespace, six), group in groupby(commands, key=_together):
        try:
            if kind is Setting:
                _set_all(namespace, [each for each in group if isinstance(each, Setting)])
                continue
            lines = [each.text for each in group if isinstance(each, Ip | Nft)]
            await (_ip(namespace, lines, six=six, forgiving=forgiving) if kind is Ip else _nft(namespace, lines))
        except NotMade as error:
            if not forgiving:
                raise
            _log.debug("passed over: %s", error)


def _together(command: Command) -> tuple[type[Command], str, bool]:
    """What commands have in common that one start of a program carries out."""
    return type(command), command.namespace, isinstance(command, Ip) and command.six


async def _ip(namespace: str, lines: list[str], *, six: bool, forgiving: bool) -> None:
    where = [*(["-6"] if six else []), *(["-n", namespace] if namespace else [])]
    if said := await _said(["ip", *where, *(["-force"] if forgiving else []), "-batch", "-"], lines):
        raise NotMade(_explained(namespace, lines, said))


async def _nft(namespace: str, lines: list[str]) -> None:
    if said := await _said(["ip", "netns", "exec", namespace, "nft", "-f", "-"], lines):
        raise NotMade(f"nft in {namespace}: {' '.join(said.split())}; asked: {' '.join(' '.join(lines).split())}")


async def _said(command: list[str], lines: list[str]) -> str:
    """What a program complains of that reads these lines, "" when it has done them. Raises NotMade."""
    try:
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE,
            env={**os.environ, "PATH": search_path()},
        )  # fmt: skip
    except OSError as error:
        raise NotMade(f"the program `{command[0]}` cannot be started: {error.strerror}") from error
    _, said = await process.communicate("\n".join(lines).encode() + b"\n")
    return (said.decode(errors="replace") or "failed") if process.returncode else ""


def _explained(namespace: str, lines: list[str], said: str) -> str:
    """Name the command that failed: `ip` says `Command failed -:N` with its line."""
    answers = [line for line in said.splitlines() if not line.startswith("Command failed")]
    number = next((part.rpartition(":")[2] for part in said.splitlines() if part.startswith("Command failed")), "")
    which = lines[int(number) - 1] if number.isdecimal() and 0 < int(number) <= len(lines) else "; ".join(lines)
    return f"ip {f'-n {namespace} ' if namespace else ''}{which}: {' '.join(answers) or 'failed'}"


def search_path() -> str:
    """PATH, and where Debian puts `ip` and `nft` that a user's PATH may lack."""
    return f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"


def _set_all(namespace: str, settings: list[Setting]) -> None:
    try:
        with inside(namespace):
            for each in settings:
                (SETTINGS / each.name).write_text(each.value, encoding="ascii")
    except OSError as error:
        raise NotMade(f"a setting of namespace {namespace} cannot be changed: {error}") from error


@contextmanager
def _opened(path: Path | str) -> Iterator[int]:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _set(descriptor: int) -> None:
    if ctypes.CDLL(None, use_errno=True).setns(descriptor, _CLONE_NEWNET) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), "setns(2)")
