import asyncio
import contextlib
from datetime import UTC, datetime, timedelta

import pytest

from yunqiao.kube.events import ATTEMPTS, MESSAGE_BYTES, Recorder
from yunqiao.model.cluster import ObjectReference
from yunqiao.model.errors import Lost, NotYet, Refused, Stale

WEB = ObjectReference(api_version="v1", kind="Service", namespace="shop", name="web", uid="u1")
NODE = ObjectReference(api_version="v1", kind="Node", name="n1", uid="u2")


class Writer:
    """Events in memory; `troubles` are raised first, one per attempt."""

    def __init__(self):
        self.events = {}
        self.writes = 0
        self.troubles = []
        self.lose_answer = False
        self.hangs = False

    async def create(self, kind, namespace, body):
        await self._reached()
        name = body["metadata"]["name"]
        if name in self.events:
            raise Stale("exists")
        self.events[name] = dict(body)
        if self.lose_answer:
            self.lose_answer = False
            raise Lost("cut")

    async def patch(self, step):
        await self._reached()
        if step.name not in self.events:
            raise Stale("gone")
        self.events[step.name] |= step.body

    async def _reached(self):
        self.writes += 1
        if self.hangs:
            await asyncio.Event().wait()
        if self.troubles:
            raise self.troubles.pop(0)

    def told(self):
        return [(event["message"], event["count"]) for event in self.events.values()]


@pytest.fixture
def writer():
    return Writer()


@pytest.fixture
async def recorder(writer, clock):
    start = datetime(2026, 11, 22, tzinfo=UTC)
    made = Recorder(
        writer, "service-controller", clock, burst=3, refill=60, wall=lambda: start + timedelta(seconds=clock.now())
    )
    task = asyncio.ensure_future(made.run())
    made.task = task
    yield made
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


async def test_an_event_is_written_in_the_background_as_kubectl_wants_it(recorder, writer, clock):
    recorder.record(WEB, "Normal", "EnsuringLoadBalancer", "creating a balancer")
    assert writer.writes == 0
    await clock.settle()
    (event,) = writer.events.values()
    assert event["involvedObject"] == {
        "apiVersion": "v1", "kind": "Service", "namespace": "shop", "name": "web", "uid": "u1",
    }  # fmt: skip
    assert event["metadata"]["namespace"] == "shop"
    assert event["metadata"]["name"].startswith("web.")
    assert (event["type"], event["reason"], event["message"]) == (
        "Normal",
        "EnsuringLoadBalancer",
        "creating a balancer",
    )
    assert event["source"] == {"component": "service-controller"}
    assert event["firstTimestamp"] == event["lastTimestamp"] == "2026-11-22T00:16:40Z"
    assert event["count"] == 1


async def test_an_event_about_a_node_lives_in_the_default_namespace(recorder, writer, clock):
    recorder.record(NODE, "Warning", "Gone", "no such instance")
    await clock.settle()
    (event,) = writer.events.values()
    assert event["metadata"]["namespace"] == "default"


async def test_a_repeated_event_is_one_object_whose_count_rises(recorder, writer, clock):
    recorder.record(WEB, "Warning", "SyncFailed", "no vSwitch")
    await clock.settle()
    await clock.advance(30)
    recorder.record(WEB, "Warning", "SyncFailed", "no vSwitch")
    await clock.settle()
    (event,) = writer.events.values()
    assert (event["count"], event["firstTimestamp"], event["lastTimestamp"]) == (
        2, "2026-11-22T00:16:40Z", "2026-11-22T00:17:10Z",
    )  # fmt: skip


async def test_a_burst_of_repeats_costs_one_write(recorder, writer, clock):
    for _ in range(50):
        recorder.record(WEB, "Warning", "SyncFailed", "no vSwitch")
    await clock.settle()
    assert writer.told() == [("no vSwitch", 50)]
    assert writer.writes == 1


async def test_an_event_that_has_expired_is_made_anew(recorder, writer, clock):
    recorder.record(WEB, "Normal", "A", "a")
    await clock.settle()
    writer.events.clear()
    recorder.record(WEB, "Normal", "A", "a")
    await clock.settle()
    assert writer.told() == [("a", 2)]


async def test_each_object_has_its_own_budget_and_what_is_over_it_comes_later(recorder, writer, clock):
    for number in range(5):
        recorder.record(WEB, "Warning", "SyncFailed", f"trouble {number}")
    recorder.record(NODE, "Normal", "A", "a")
    await clock.settle()
    assert len(writer.events) == 4
    await clock.advance(61)
    assert len(writer.events) == 5
    await clock.advance(61)
    assert len(writer.events) == 6


async def test_a_message_is_cut_to_a_kibibyte_between_two_characters(recorder, writer, clock):
    recorder.record(WEB, "Warning", "SyncFailed", "云" * 1000)
    recorder.record(WEB, "Warning", "SyncFailed", "x" * MESSAGE_BYTES)
    await clock.settle()
    long, whole = (event["message"] for event in writer.events.values())
    assert long == "云" * 340 + "…"
    assert len(long.encode()) <= MESSAGE_BYTES
    assert whole == "x" * MESSAGE_BYTES


async def test_trouble_is_tried_again_and_refusal_is_not(recorder, writer, clock, caplog):
    writer.troubles = [Lost("reset"), NotYet("busy", after=7)]
    recorder.record(WEB, "Normal", "A", "a")
    await clock.advance(5)
    assert writer.events == {}
    await clock.advance(5)
    assert writer.told() == [("a", 1)]
    writer.troubles = [Refused("events: forbidden")]
    recorder.record(WEB, "Normal", "B", "b")
    await clock.advance(100)
    assert writer.told() == [("a", 1)]
    assert "events: forbidden" in caplog.text


async def test_an_event_is_given_up_after_a_bounded_number_of_attempts(recorder, writer, clock, caplog):
    writer.troubles = [Lost("reset")] * 1000
    recorder.record(WEB, "Normal", "A", "a")
    await clock.advance(5000)
    assert writer.writes == ATTEMPTS
    assert "giving an Event up" in caplog.text


async def test_a_create_whose_answer_was_lost_makes_no_second_event(recorder, writer, clock):
    writer.lose_answer = True
    recorder.record(WEB, "Normal", "A", "a")
    await clock.advance(10)
    assert writer.told() == [("a", 1)]
    assert writer.writes == 3


async def test_a_clean_end_writes_everything_that_waits(recorder, writer, clock):
    recorder.task.cancel()
    await clock.settle()
    for number in range(20):
        recorder.record(WEB, "Warning", "SyncFailed", f"trouble {number}")
    writer.troubles = [Lost("reset")]
    end = asyncio.ensure_future(recorder.flush(5))
    await clock.advance(1)
    assert end.done()
    assert len(writer.events) == 20


async def test_a_clean_end_waits_for_a_hanging_api_server_only_so_long(recorder, writer, clock, caplog):
    recorder.task.cancel()
    await clock.settle()
    writer.hangs = True
    recorder.record(WEB, "Normal", "A", "a")
    end = asyncio.ensure_future(recorder.flush(5))
    await clock.advance(4)
    assert not end.done()
    await clock.advance(1)
    assert end.done()
    assert "1 Events were not written" in caplog.text


async def test_over_a_real_socket_events_are_created_and_patched(server, client, hasty):
    recorder = Recorder(client, "service-controller", hasty)
    recorder.record(WEB, "Normal", "A", "a")
    await recorder.flush()
    recorder.record(WEB, "Normal", "A", "a")
    await recorder.flush(200)
    assert [thing["count"] for thing in server.objects.values()] == [2]
    (patch,) = server.requests("patch", "events")
    assert patch.headers["Content-Type"] == "application/merge-patch+json"
    assert set(patch.body) == {"count", "lastTimestamp"}
