"""A plan in words: a table for people, JSON for programs."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from yunqiao.cli.planning import Outlook
from yunqiao.controllers.services.effects import Change, Effect
from yunqiao.controllers.services.rehearsal import Act, Rehearsal
from yunqiao.controllers.services.triggers import key_of
from yunqiao.model.step import Patch

NONE = "-"
Show = Callable[[str], str]


def table(outlook: Outlook) -> str:
    """Service by Service, call by call, field by field."""
    show = _shown(outlook.allocated)
    lines = [line for one in outlook.rehearsals for line in (*_service(one, show), "")]
    lines += [f"skipped: {one}" for one in outlook.skipped]
    lines += [f"{text} is allocated by the API server" for text in outlook.allocated.values()]
    return "\n".join([*lines, _sum(outlook)]) + "\n"


def plain(outlook: Outlook) -> dict[str, Any]:
    """The same as JSON: `services`, each with its calls and their changes, `skipped`, `exitCode`."""
    show = _shown(outlook.allocated)
    return {
        "services": [_plain_service(one, show) for one in outlook.rehearsals],
        "skipped": list(outlook.skipped),
        "exitCode": outlook.exit_code,
    }


def _shown(allocated: Mapping[str, str]) -> Show:
    """Say in words what stands in for a number that is not known yet."""
    stand_ins = re.compile(rf"\b({'|'.join(allocated)})\b") if allocated else None
    return lambda text: stand_ins.sub(lambda found: allocated[found[0]], text) if stand_ins else text


def _service(one: Rehearsal, show: Show) -> Iterator[str]:
    yield f"Service {key_of(one.service)}: {_headline(one)}"
    for number, act in enumerate(one.acts, 1):
        yield show(f"  {number}. {act.call.action} ({act.effect.words}): {act.call.why}")
        yield from (f"       {line}" for line in _aligned(_rows(act.changes, show)))
    yield from (show(f"  patch of {_object(patch)}: {patch.why}") for patch in one.patches)
    yield from (f"  taken away: {back.annotation}: {show(back.text)}" for back in one.returned)
    yield from (show(f"  cannot be fulfilled: {problem}") for problem in one.problems)
    yield from (show(f"  note: {note}") for note in one.notes)
    if one.trouble is not None:
        yield f"  could not be found out: {one.trouble}"


def _headline(one: Rehearsal) -> str:
    if one.trouble is not None:
        return "not planned to its end"
    if not one.acts:
        return "nothing to do in the cloud"
    return f"{_counted(len(one.acts), 'call')}, at worst: {one.effect.words}"


def _rows(changes: Sequence[Change], show: Show) -> list[Sequence[str]]:
    """Where it is stands in the first of several rows only."""
    wheres = [change.where for change in changes]
    return [
        ("" if before == one.where else show(one.where), *map(show, _cells(one)))
        for before, one in zip(["", *wheres], changes, strict=False)
    ]


def _cells(change: Change) -> Sequence[str]:
    return (change.field, change.old or NONE, "->", change.new or NONE, f"({change.effect.words})")


def _aligned(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()


def _sum(outlook: Outlook) -> str:
    acts = [act for one in outlook.rehearsals for act in one.acts]
    numbers = {effect.words: sum(act.effect is effect for act in acts) for effect in Effect}
    marks = ", ".join(f"{number} {words}" for words, number in numbers.items() if number)
    counted = f"{_counted(len(outlook.rehearsals), 'Service')}, {_counted(len(acts), 'call')}"
    return f"{counted}{f' ({marks})' if marks else ''}. Nothing was changed."


def _counted(number: int, what: str) -> str:
    return f"{number} {what}" + ("" if number == 1 else "s")


def _plain_service(one: Rehearsal, show: Show) -> dict[str, Any]:
    return {
        "service": key_of(one.service),
        "effect": one.effect.words if one.acts else "none",
        "calls": [_plain_act(act, show) for act in one.acts],
        "patches": [{"object": _object(patch), "why": show(patch.why)} for patch in one.patches],
        "takenAway": [{"annotation": back.annotation, "text": show(back.text)} for back in one.returned],
        "problems": [show(problem) for problem in one.problems],
        "notes": [show(note) for note in one.notes],
        "error": str(one.trouble) if one.trouble is not None else None,
    }


def _object(patch: Patch) -> str:
    kind = patch.kind + (f"/{patch.subresource}" if patch.subresource else "")
    return f"{kind} {patch.namespace}/{patch.name}"


def _plain_act(act: Act, show: Show) -> dict[str, Any]:
    """The token of a create is left out: it names an attempt that is not made."""
    params = {name: show(value) for name, value in act.call.params.items() if name != "ClientToken"}
    return {
        "product": act.call.product,
        "action": act.call.action,
        "params": params,
        "why": show(act.call.why),
        "effect": act.effect.words,
        "changes": [_plain_change(change, show) for change in act.changes],
    }


def _plain_change(change: Change, show: Show) -> dict[str, str | None]:
    return {
        "where": show(change.where),
        "field": show(change.field),
        "old": show(change.old) or None,
        "new": show(change.new) or None,
        "effect": change.effect.words,
    }
