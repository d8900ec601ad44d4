"""One trouble at every call and every write of every change: it ends as if nothing had happened."""

import pytest
from tests.crash.lives import CHAPTERS, PAIRS, Verdict, live, undisturbed
from tests.crash.weather import CLEAR, UNCLEAR, Weather, fits


@pytest.mark.parametrize("chapter", [*CHAPTERS, *PAIRS], ids=lambda one: one.name)
async def test_one_trouble_at_any_moment_changes_nothing_of_how_it_ends(chapter):
    expected, verdict = await undisturbed(chapter), Verdict()
    for number, event in enumerate(expected.events):
        for trouble in (one for one in (*CLEAR, *UNCLEAR) if fits(one, event)):
            stage = await live(chapter, Weather({number: trouble}))
            await verdict.judge(stage, expected, f"{chapter.name}, {stage.weather.met}")
    verdict.tell()
