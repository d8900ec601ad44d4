import pytest

from yunqiao.engine.loop import REFUSED_AFTER, STALE_AFTER, turn
from yunqiao.engine.queue import Queue
from yunqiao.model.errors import Lost, NotYet, Refused, Stale


class Turns:
    """A queue and what was told; `outcomes` are returned or raised, one a turn."""

    def __init__(self, clock, *outcomes):
        self.queue = Queue(clock, lambda: 0.0, first=1.0)
        self.clock, self.outcomes, self.told, self.doubted = clock, list(outcomes), [], set()

    async def work(self, key):
        outcome = self.outcomes.pop(0)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    async def turn(self):
        """One turn; gives the seconds until the key comes up again, None for never."""
        await turn(self.queue, "a", self.work, lambda key, trouble: self.told.append(str(trouble)), self.doubted)
        if not len(self.queue):
            return None
        begun = self.clock.now()
        await self.clock.advance(0)
        for _ in range(1000):
            if self.queue._pop() is not None:
                self.queue.done("a")
                return self.clock.now() - begun
            await self.clock.advance(1.0)
        raise AssertionError("it never came up again")


@pytest.mark.parametrize(
    ("outcome", "after", "told"),
    [
        (None, None, []),
        (7.0, 7.0, []),
        (NotYet("busy", 3.0), 3.0, []),
        (Refused("do this"), REFUSED_AFTER, ["do this"]),
        (Stale("it is gone"), STALE_AFTER, []),
        (Lost("no answer"), 1.0, ["no answer"]),
        (ValueError("ours"), 1.0, []),
    ],
)
async def test_the_type_of_an_outcome_decides_when_the_key_comes_up_again_and_who_is_told(clock, outcome, after, told):
    turns = Turns(clock, outcome)
    assert await turns.turn() == after
    assert turns.told == told


async def test_what_is_lost_again_and_again_is_tried_less_and_less_often_until_it_goes_well(clock):
    turns = Turns(clock, Lost("a"), Lost("b"), Lost("c"), None, Lost("d"))
    assert [await turns.turn() for _ in range(5)] == [1.0, 2.0, 4.0, None, 1.0]


async def test_a_world_that_changed_twice_in_a_row_is_told_and_waited_for(clock):
    turns = Turns(clock, Stale("quota"), Stale("quota"), Stale("quota"), None, Stale("quota"))
    assert [await turns.turn() for _ in range(5)] == [1.0, 1.0, 2.0, None, 1.0]
    assert turns.told == ["quota", "quota"]
