"""Are the settings what their author meant? What is wrong in flags, cloud-config and environment, each with a fix."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from yunqiao.install.findings import Finding, broken, ok, warning
from yunqiao.install.permissions import ALL
from yunqiao.options.setting import Note, Problem
from yunqiao.settings import Settings

UNSUBSTITUTED = ("${", "$(", "{{")
"""What is in texts that a script or a template should have replaced."""


@dataclass(frozen=True, slots=True)
class Given:
    """What the user wrote: the cloud-config `file` with its `values` by key, what is wrong, and what is to be known."""

    file: str = ""
    values: Mapping[str, Any] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()
    notes: tuple[Note, ...] = ()


def configuration(given: Given, settings: Settings) -> Iterator[Finding]:
    """What is used, then everything that is wrong or left over."""
    if not given.problems:
        yield ok("settings", _used(given.file, settings))
    yield from (_problem(problem, given.file) for problem in given.problems)
    yield from (_note(note, given.file) for note in given.notes if note.level == "warning")
    yield from _left_over(given)


def _used(file: str, settings: Settings) -> str:
    controllers = ", ".join(one for one in settings.controllers if one in ALL)
    absent = ", ".join(one for one in settings.controllers if one not in ALL)
    beside = f" (this version has no {absent})" if absent else ""
    return f"{file or 'no cloud-config'}; controllers {controllers or 'none'}{beside}; network {settings.network}"


def _problem(problem: Problem, file: str) -> Finding:
    found, _, fix = problem.text.partition("; ")
    return broken(problem.name, found, fix or _correct(problem.name, file))


def _note(note: Note, file: str) -> Finding:
    found, hint, meant = note.text.partition("; did you mean ")
    fix = f"did you mean {meant}" if hint else _correct(note.name, file)
    return warning(note.name, found, fix)


def _correct(name: str, file: str) -> str:
    if name.startswith("--"):
        return f"correct the flag {name}"
    return f"correct it in {file}" if file and name.startswith(file) else f"correct {name}"


def _left_over(given: Given) -> Iterator[Finding]:
    """Keys of the cloud-config whose value was never put in place of a variable's name."""
    for key, value in given.values.items():
        text = ",".join(value) if isinstance(value, tuple) else str(value)
        if "accessKey" not in key and any(mark in text for mark in UNSUBSTITUTED):
            fix = f"write the value itself into {given.file} (Global.{key}), or leave the key out"
            yield broken(f"{given.file}: {key}", f'"{text}" was left over from a script or template', fix)
