"""What the demo shows: lines with the time, tables that line up, colour on a terminal only."""

import re
import sys
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TextIO

BOLD, DIM, GREEN, RED, PLAIN = "\033[1m", "\033[2m", "\033[32m", "\033[31m", "\033[0m"
CALL = re.compile(r" (?:INFO|WARNING) yunqiao\.cloud: (?P<action>\w+) \((?P<why>.*)\) (?P<ms>\d+) ms (?P<end>.*)$")


class Teller:
    """Writes to `out`; `quiet` says nothing, for those who want the result only."""

    def __init__(self, out: TextIO = sys.stdout, *, quiet: bool = False) -> None:
        self._out, self._quiet = out, quiet
        self._colour = out.isatty()
        self._begun = time.monotonic()

    def _write(self, text: str, style: str = "") -> None:
        if not self._quiet:
            self._out.write(f"{style}{text}{PLAIN}\n" if self._colour and style else f"{text}\n")
            self._out.flush()

    def chapter(self, text: str) -> None:
        """A new part of the story."""
        self._write("")
        self._write(f"{time.monotonic() - self._begun:5.1f} s  {text}", BOLD)

    def line(self, text: str, style: str = "") -> None:
        """One line of it."""
        self._write(f"         {text}", style)

    def table(self, rows: Iterable[Sequence[str]]) -> None:
        """Rows whose columns line up."""
        whole = [list(row) for row in rows]
        widths = [max(map(len, column)) for column in zip(*whole, strict=True)]
        for row in whole:
            self.line("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())

    def verdict(self, true: bool, text: str) -> None:
        """What was to be shown, and whether it was so."""
        self.line(f"{'✓' if true else '✗'} {text}", GREEN if true else RED)


class CallsTold:
    """The controller's log, read as it grows: every cloud call with its why."""

    def __init__(self, log: Path, teller: Teller) -> None:
        self._log, self._teller = log, teller
        self._read = 0
        self.count = 0

    def tell(self) -> None:
        """Show the calls since the last time."""
        if not self._log.exists():  # nobody has begun to write it
            return
        text = self._log.read_text(errors="replace")[self._read :]
        whole, _, _ = text.rpartition("\n")
        if not whole:
            return
        self._read += len(whole) + 1
        for line in whole.splitlines():
            if call := CALL.search(line):
                self.count += 1
                failed = "" if call["end"].startswith("ok") else f"  {call['end']}"
                style = DIM if call["action"].startswith(("Describe", "List")) else ""
                self._teller.line(f"{call['action']:<32} {call['ms']:>4} ms  {call['why']}{failed}", style)
