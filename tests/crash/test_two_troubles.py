"""A second trouble on top of the first, and users who change their minds in the middle of either."""

import itertools

import pytest
from tests.crash.lives import CHAPTERS, GIVEN_UP, Verdict, is_served, left_alone, live, undisturbed
from tests.crash.stage import NGINX
from tests.crash.weather import ENDED, LOST, Weather, fits

FIRST = ("ended after", "lost after", "ended late 1")
SECOND = ("ended after", "lost after", "stale for long", "late 3")
AT_A_CHANGE_OF_MIND = (*ENDED, *LOST, "stale for long", "late 3", "ended late 99")
GAPS = (1, 2)
"""Events between the two: what follows a trouble at once is where it is not yet overcome."""


@pytest.mark.parametrize("chapter", CHAPTERS, ids=lambda one: one.name)
async def test_two_troubles_close_to_each_other_change_nothing_of_how_it_ends(chapter):
    expected, verdict = await undisturbed(chapter), Verdict()
    for (number, event), first in itertools.product(enumerate(expected.events), FIRST):
        for gap, second in itertools.product(GAPS, SECOND) if fits(first, event) else ():
            stage = await live(chapter, Weather({number: first, number + gap: second}))
            if len(stage.weather.met) == 2:
                await verdict.judge(stage, expected, f"{chapter.name}, {stage.weather.met}")
    verdict.tell()


@pytest.mark.parametrize(
    "chapter", [one for one in CHAPTERS if one.back and one is not GIVEN_UP], ids=lambda one: one.name
)
async def test_a_wish_that_is_taken_back_in_the_middle_of_trouble_is_as_if_it_had_never_been(chapter):
    expected, verdict = await undisturbed(chapter, back=True), Verdict()
    for number, trouble, back_at in _changes_of_mind(expected.events):
        stage = await live(chapter, Weather({number: trouble}), back_at=back_at)
        await verdict.judge(stage, expected, f"{chapter.name}, {stage.weather.met}, back at event {back_at}")
    verdict.tell()


async def test_a_service_that_wants_a_balancer_again_in_the_middle_of_trouble_has_exactly_one_that_serves_it():
    events = (await undisturbed(GIVEN_UP)).events
    for number, trouble, back_at in _changes_of_mind(events):
        stage = await live(GIVEN_UP, Weather({number: trouble}), back_at=back_at)
        story = f"{stage.weather.met}, back at event {back_at}"
        if not stage.weather.clear:
            await stage.verify()
        assert is_served(stage, NGINX), story
        await left_alone(stage, story)


def _changes_of_mind(events):
    """Trouble at each event, and the wish taken back at that event or one of the next two."""
    for (number, event), trouble in itertools.product(enumerate(events), AT_A_CHANGE_OF_MIND):
        yield from ((number, trouble, number + gap) for gap in (0, 1, 2) if fits(trouble, event))
