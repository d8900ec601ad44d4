"""Command lines of the commands that only look: words and options of their own, and every setting that `run` takes."""

import asyncio
import logging
import os
import sys
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from yunqiao.model.errors import Trouble
from yunqiao.options.flags import FLAGS
from yunqiao.settings import HelpWanted, Settings, Unusable, load

SWITCHES = {flag.name for flag in FLAGS if flag.kind == "boolean"}
OUTPUTS = ("table", "json")


class WrongCommandLine(Exception):
    """What is wrong with it, and what to write instead."""


@dataclass(frozen=True, slots=True)
class Question:
    """A command line, read: the words, the values of the command's own options, the settings."""

    words: tuple[str, ...]
    given: Mapping[str, tuple[str, ...]]
    settings: Settings

    def one(self, name: str, default: str = "") -> str:
        """The value of an option; the last one counts."""
        return (self.given.get(name) or (default,))[-1]

    @property
    def as_json(self) -> bool:
        """Whether --output json was given. Raises WrongCommandLine for another word."""
        output = self.one("output", "table")
        if output not in OUTPUTS:
            raise WrongCommandLine(f'--output: "{output}" is not one of {", ".join(OUTPUTS)}')
        return output == "json"

    def service(self) -> str:
        """`namespace/name` of the words `service NAMESPACE/NAME`. Raises WrongCommandLine."""
        if len(self.words) != 2 or self.words[0] not in ("service", "services", "svc"):
            said = " ".join(self.words) or "nothing"
            raise WrongCommandLine(f'"{said}" names no Service; write: service NAMESPACE/NAME')
        namespace, slash, name = self.words[1].rpartition("/")
        if (slash and not namespace) or not name or "/" in namespace:
            raise WrongCommandLine(f'"{self.words[1]}" is not NAMESPACE/NAME, such as default/web')
        return f"{namespace or self.one('namespace', 'default')}/{name}"


@dataclass(frozen=True, slots=True)
class Command:
    """One such command: its name, its help, its own options by how they are written, and what answers it."""

    name: str
    help: str
    options: Mapping[str, str]
    answer: Callable[[Question], Coroutine[None, None, int]]

    def run(self, arguments: Sequence[str]) -> int:
        """Answer, or say what is wrong: 2 for a wrong command line, 1 for anything that could not be found out."""
        try:
            question = self._read(arguments)
            logging.basicConfig(level=_level(question.settings), format="%(levelname)s %(name)s: %(message)s")
            return asyncio.run(self.answer(question))
        except HelpWanted:
            sys.stdout.write(self.help)
            return 0
        except WrongCommandLine as wrong:
            return self._wrong(f"{wrong}\n\n{self.help}", 2)
        except Unusable as unusable:
            return self._wrong("\n".join(map(str, unusable.problems)) + "\n", unusable.exit_code)
        except (Trouble, OSError) as error:
            return self._wrong(f"{error}\n", 1)
        except KeyboardInterrupt:
            return 130

    def _read(self, arguments: Sequence[str]) -> Question:
        words, given, rest = self._parted(list(arguments))
        settings = load(rest, os.environ, lambda name: Path(name).read_text(encoding="utf-8"), os.path.exists)
        return Question(tuple(words), {name: tuple(values) for name, values in given.items()}, settings)

    def _parted(self, rest: list[str]) -> tuple[list[str], dict[str, list[str]], list[str]]:
        """Words, values of our own options, and what the settings are to make of the rest."""
        words: list[str] = []
        given: dict[str, list[str]] = {}
        others: list[str] = []
        while rest:
            word = rest.pop(0)
            name, equals, value = word.partition("=")
            if name in self.options:
                if not equals and not rest:
                    raise WrongCommandLine(f"{name}: a value is missing")
                given.setdefault(self.options[name], []).append(value if equals else rest.pop(0))
            elif not word.startswith("-"):
                words.append(word)
            else:
                others.append(word)
                if not equals and _takes_value(name) and rest:
                    others.append(rest.pop(0))
        return words, given, others

    def _wrong(self, text: str, status: int) -> int:
        sys.stderr.write(f"yunqiao {self.name}: {text}")
        return status


def _takes_value(name: str) -> bool:
    """Whether the next word belongs to a setting; `-v2` has its own."""
    plain = name.lstrip("-").replace("_", "-")
    return plain in {flag.name for flag in FLAGS} - SWITCHES


def _level(settings: Settings) -> int:
    """What is asked for is the answer; how it was found is told from -v=1 on."""
    return {0: logging.WARNING, 1: logging.INFO}.get(settings.verbosity, logging.DEBUG)
