"""What was asked and answered, one JSON line each, in a directory: written by a recorder, read by a replay."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from yunsim.reading import FileError

FILE = "exchanges.jsonl"


@dataclass(frozen=True, slots=True)
class Exchange:
    """One call and its answer: `params` without the envelope of signatures, `body` as JSON data."""

    number: int
    time: str
    product: str
    action: str
    params: Mapping[str, str]
    status: int
    body: Any


class Tape:
    """Exchanges in a directory; what is written goes behind what is there."""

    def __init__(self, directory: Path) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self._path = directory / FILE
        self.last = sum(1 for _ in self._path.open(encoding="utf-8")) if self._path.exists() else 0

    def write(self, exchange: Exchange) -> None:
        """Append one exchange; it is on the disk when this returns."""
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(asdict(exchange), ensure_ascii=False) + "\n")
        self.last = exchange.number


def exchanges(directory: Path) -> list[Exchange]:
    """Read a directory's exchanges in order; raises FileError when there are none, or one cannot be read."""
    path = directory / FILE
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        fix = "name a directory that `yunsim record --to` wrote"
        raise FileError(str(path), [f"{error.strerror}; {fix}"]) from error
    return list(_read(lines, path))


def _read(lines: list[str], path: Path) -> Iterator[Exchange]:
    for number, line in enumerate(lines, 1):
        try:
            yield Exchange(**json.loads(line))
        except (ValueError, TypeError) as error:
            fix = "remove the line, or record anew"
            raise FileError(str(path), [f"line {number}: {error}; {fix}"]) from error
