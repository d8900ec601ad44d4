"""`yunqiao sandbox --enter`: run a shell, or a command, inside the private network of a sandbox that runs.

A sandbox writes what it tells to sandbox.json in its folder; that is where it is found again.
"""

import json
import os
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from yunqiao.cli.sandboxed import kernel

FOLDER_PREFIX = "yunqiao-sandbox-"
CARD = "sandbox.json"


class NoEntry(Exception):
    """There is no such sandbox, or it cannot be entered."""


@dataclass(frozen=True, slots=True)
class Door:
    """A private or routed sandbox: a process in its network, that network's name, and where the kubeconfig is."""

    pid: int
    network: str
    kubeconfig: str


def doors(folder: Path) -> list[Door]:
    """The private sandboxes below a folder that run and are this user's to enter."""
    return [door for card in sorted(folder.glob(f"{FOLDER_PREFIX}*/{CARD}")) for door in _read(card) if _open(door)]


def choose(found: Sequence[Door], pid: int | None) -> Door:
    """The one with that pid, or the only one. Raises NoEntry."""
    fitting = [door for door in found if pid in (None, door.pid)]
    if len(fitting) == 1:
        return fitting[0]
    running = ", ".join(str(door.pid) for door in found) or "none"
    asked = "" if pid is None else f" {pid}"
    fix = "name one of them after --enter" if found else "start one with `yunqiao sandbox --net private`"
    raise NoEntry(f"--enter{asked}: private sandboxes of this user in {tempfile.gettempdir()}: {running}; {fix}")


def enter(door: Door, command: Sequence[str], environment: Mapping[str, str] = os.environ) -> NoReturn:
    """Become that command, or a shell, inside. Raises OSError, NoEntry."""
    wanted = list(command) or [environment.get("SHELL") or "/bin/sh"]
    if not command:
        sys.stderr.write(f"in the network of sandbox {door.pid}, KUBECONFIG is set; leave with exit\n")
    _go_in(door)
    try:
        os.execvpe(wanted[0], wanted, {**environment, "KUBECONFIG": door.kubeconfig})  # noqa: S606  # no shell wanted
    except OSError as error:
        raise NoEntry(f"{wanted[0]} cannot be run: {error.strerror}") from error


def _go_in(door: Door) -> None:
    namespaces = Path(f"/proc/{door.pid}/ns")
    kinds = [
        kind
        for kind in ("user", "net", "mnt")
        if (namespaces / kind).readlink() != Path(f"/proc/self/ns/{kind}").readlink()
    ]
    here = Path.cwd()
    opened = [os.open(namespaces / kind, os.O_RDONLY) for kind in kinds]  # before the first step hides them
    for namespace in opened:
        kernel.join(namespace)
        os.close(namespace)
    os.chdir(here)  # a mount namespace begins at its root


def _read(card: Path) -> Iterator[Door]:
    with suppress(OSError, ValueError, KeyError, TypeError):  # being written, being removed, or not ours to read
        told: dict[str, Any] = json.loads(card.read_text(encoding="utf-8"))
        if told["net"] in ("private", "kernel"):
            yield Door(told["pid"], told["network"], told["kubeconfig"])


def _open(door: Door) -> bool:
    """Whether that process is still there and in that network: a pid may have been given to another since."""
    try:
        return str(Path(f"/proc/{door.pid}/ns/net").readlink()) == door.network
    except OSError:
        return False
