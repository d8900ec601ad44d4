"""What is remembered, and for how long."""

from yunqiao.controllers.routes.known import MISSING_AGAIN, Known
from yunqiao.controllers.routes.seen import Refusal, Seen


def test_an_instance_is_asked_for_once_and_a_missing_one_again_later(scene):
    known = Known()
    assert known.unknown(["i-1", "i-2"], 0.0) == ("i-1", "i-2")
    known.learn({"i-1": scene.instance("1"), "i-2": None}, 0.0)
    assert known.unknown(["i-1", "i-2"], 1.0) == ()
    assert known.unknown(["i-1", "i-2"], MISSING_AGAIN) == ("i-2",)
    assert known.verdicts()["i-2"] is None
    known.keep_only(frozenset({"i-2"}))
    assert list(known.verdicts()) == ["i-2"]


def test_refusals_end(scene):
    known = Known(seen=Seen(refusals={("t", "c", "i"): Refusal(10.0), ("t", "d", "i"): Refusal(20.0)}))
    assert known.again(4.0) == 6.0
    known.prune(10.0)
    assert list(known.seen.refusals) == [("t", "d", "i")]
    assert known.again(30.0) == 0.0


def test_polls_get_rarer():
    known = Known()
    assert [known.next_poll() for _ in range(6)] == [1.0, 2.0, 4.0, 8.0, 10.0, 10.0]
