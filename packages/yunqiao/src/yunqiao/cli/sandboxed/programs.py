"""Start a program, wait until it says where it listens, and stop it; what it logs goes to a file."""

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

READY_SECONDS = 30.0
STOP_SECONDS = 10.0


class NotStarted(Exception):
    """A program ended, or said nothing, before it was ready; the text has the end of its log."""


@dataclass(slots=True)
class Program:
    """One child process and the file it logs to."""

    name: str
    log: Path
    process: asyncio.subprocess.Process

    async def listening(self) -> str:
        """The URL that it prints once it serves. Raises NotStarted."""
        if self.process.stdout is None:
            raise NotStarted(f"{self.name} was started without a standard output")
        try:
            line = await asyncio.wait_for(self.process.stdout.readline(), READY_SECONDS)
        except TimeoutError:
            line = b""
        words = line.decode(errors="replace").split()
        if "listening" not in words:
            raise NotStarted(f"{self.name} did not start:\n{self.tail()}")
        return words[-1]

    def tail(self, lines: int = 15) -> str:
        """The end of its log."""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])

    async def stop(self) -> int:
        """Ask it to end, insist after a while; gives its exit status."""
        if self.process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self.process.send_signal(signal.SIGTERM)
        try:
            return await asyncio.wait_for(self.process.wait(), STOP_SECONDS)
        except TimeoutError:
            self.process.kill()
            return await self.process.wait()


async def start(name: str, arguments: Sequence[str], folder: Path, environment: Mapping[str, str]) -> Program:
    """Start the program of that name that is installed beside this Python."""
    program, log = Path(sys.executable).with_name(name), folder / f"{name}.log"
    if not program.exists():
        raise NotStarted(f"{program} does not exist: `make setup` puts it there")
    with log.open("ab") as output:
        process = await asyncio.create_subprocess_exec(
            str(program), *arguments,
            stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=output,
            env={**os.environ, **environment},
            start_new_session=True,  # Ctrl-C is for us; we stop our children in order
        )  # fmt: skip
    return Program(name, log, process)
