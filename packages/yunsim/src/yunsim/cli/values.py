"""How the values of options are read: what is wrong with one is said with an example of a right one."""

import argparse
from typing import Protocol


class Commands(Protocol):
    """Where a command is added to: what `ArgumentParser.add_subparsers` returns."""

    def add_parser(self, name: str, *, help: str) -> argparse.ArgumentParser:  # noqa: A002 - argparse calls it so
        """Add a command and return the parser of its options."""
        ...


def address(text: str) -> tuple[str, int]:
    """Read HOST:PORT."""
    host, _, port = text.rpartition(":")
    if not host or not port.isdecimal() or int(port) > 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is not HOST:PORT; write 127.0.0.1:8480, or 127.0.0.1:0")
    return host.strip("[]"), int(port)


def milliseconds(text: str) -> float:
    """Read a number of milliseconds, as seconds."""
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of milliseconds; write one such as 50")
    return int(text) / 1000
