"""Random lives under random troubles, for as long as SOAK_MINUTES says (10 by default); each failure names its seed.

`SOAK_SEED=N` lives the life of one seed again.
"""

import os
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import pytest
from tests.crash import foreign
from tests.crash.lives import left_alone, ports, shown
from tests.crash.picture import difference
from tests.crash.stage import APACHE, NGINX, Stage
from tests.crash.weather import CLEAR, UNCLEAR, Weather

KINDS = (*CLEAR, *UNCLEAR)
MOST_EVENTS = 25
"""Troubles come at one of so many first events of each wish."""


@dataclass(frozen=True)
class Wish:
    """What users do next; one that is `calm` waits for the end of what was before."""

    name: str
    make: Callable[[Stage], None]
    calm: bool = False


def _random_wish(dice: random.Random, going: set[str], generation: int) -> Wish:
    """`going` are the Services that are deleted; such a one can only be made anew, as another object of that name."""
    key = dice.choice((NGINX, APACHE))
    if key in going:
        going.discard(key)
        uid = f"{generation:08x}-93ab-4a6e-a8b9-1c2d3e4f5a6b"
        return Wish(f"{key} made anew", lambda stage: stage.apply(key, uid), calm=True)
    kind = dice.choice(("ports", "ports", "nodes", "nodes", "annotations", "deleted"))
    if kind == "ports":
        chosen = [(port, dice.choice((30180, 30181, 30182))) for port in dice.sample(range(80, 85), dice.randint(1, 4))]
        return Wish(f"{key} with ports {chosen}", lambda stage: stage.apply(key, ports=ports(*chosen)))
    if kind == "nodes":
        numbers = sorted(dice.sample(range(4), dice.randint(0, 4)))
        return Wish(f"nodes {numbers}", lambda stage: stage.put_nodes(*numbers))
    if kind == "annotations":
        given = {"scheduler": dice.choice(("rr", "wrr", "wlc")), "default_weight": dice.choice(("10", "100"))}
        return Wish(f"{key} annotated {given}", lambda stage: stage.annotate(key, **given))
    going.add(key)
    return Wish(f"{key} deleted", lambda stage: stage.delete(key))


def _wishes(dice: random.Random) -> list[Wish]:
    going: set[str] = set()
    return [_random_wish(dice, going, generation) for generation in range(1, dice.randint(3, 7))]


async def _begin() -> Stage:
    stage = Stage()
    foreign.settle_in(stage.world)
    stage.put_nodes(0, 1)
    for key in (NGINX, APACHE):
        stage.apply(key)
    await stage.settle()
    return stage


async def _undisturbed(wishes: list[Wish]) -> tuple[object, dict[str, str]]:
    stage = await _begin()
    for wish in wishes:
        wish.make(stage)
        await stage.settle()
    await left_alone(stage, "undisturbed")
    return shown(stage), foreign.theirs(stage.world)


async def _live(dice: random.Random, wishes: list[Wish]) -> Stage:
    """Each wish with its own weather; the next one sometimes comes while this one is under way."""
    stage, left = await _begin(), list(wishes)
    while left:
        stage.weather = Weather({dice.randrange(MOST_EVENTS): dice.choice(KINDS) for _ in range(dice.randint(0, 4))})
        left.pop(0).make(stage)
        if left and not left[0].calm and dice.random() < 0.5:
            stage.before_event[dice.randrange(MOST_EVENTS)] = partial(left.pop(0).make, stage)
        await stage.settle()
        while stage.before_event:
            stage.before_event.popitem()[1]()
            await stage.settle()
        stage.let_arrive()
        stage.unmeddle()
        await stage.verify()
    return stage


async def _one(seed: int) -> None:
    dice = random.Random(seed)
    wishes = _wishes(dice)
    story = f"SOAK_SEED={seed}: {', then '.join(wish.name for wish in wishes)}"
    expected, theirs = await _undisturbed(wishes)
    stage = await _live(dice, wishes)
    stage.weather = Weather()
    stage.restart()
    await stage.settle()
    await stage.verify()
    found = shown(stage)
    assert found == expected, f"{story}: {difference(found, expected)}"
    assert foreign.theirs(stage.world) == theirs, f"{story}: something of others was touched"
    await left_alone(stage, story)


@pytest.mark.soak
@pytest.mark.timeout(0)
async def test_random_lives_under_random_troubles_end_as_if_nothing_had_happened():
    if "SOAK_SEED" in os.environ:
        await _one(int(os.environ["SOAK_SEED"]))
        return
    end = time.monotonic() + 60 * float(os.environ.get("SOAK_MINUTES", "10"))
    first = random.randrange(1_000_000_000)
    print(f"seeds from {first}")
    seed, failures = first, []
    while time.monotonic() < end:
        try:
            await _one(seed)
        except AssertionError as failure:
            failures.append(f"SOAK_SEED={seed}: {failure}")
            print(failures[-1])
        seed += 1
    print(f"{seed - first} lives, {len(failures)} ended wrongly")
    assert not failures, "\n".join(failures[:20])
