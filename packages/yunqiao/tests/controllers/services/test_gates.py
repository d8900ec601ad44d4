"""Pods that wait with a readiness gate: asked for as little as can be, told once."""

from datetime import UTC, datetime

import pytest

from yunqiao.controllers.services.asked import Findings, Needs, Unready
from yunqiao.controllers.services.gates import FORBIDDEN, POLL, Gates, gate_of, openings
from yunqiao.model.cluster import Condition, Metadata, Pod, PodReadinessGate, PodSpec, PodStatus
from yunqiao.model.errors import Lost, Refused

GATE = gate_of("nginx")
TODAY = datetime(2026, 5, 4, 3, 2, 1, tzinfo=UTC)


def pod(uid="u1", *, ready="False", gates=(GATE,), told=None):
    conditions = [Condition(type="ContainersReady", status=ready)]
    return Pod(
        metadata=Metadata(name="p", namespace="default", uid=uid),
        spec=PodSpec(readiness_gates=[PodReadinessGate(condition_type=one) for one in gates]),
        status=PodStatus(conditions=[*conditions, *([told] if told else [])]),
    )


class Cluster:
    def __init__(self, answer):
        self.answer, self.asked, self.time = answer, 0, 0.0

    async def get(self, namespace, name):
        self.asked += 1
        assert (namespace, name) == ("default", "p")
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer

    def now(self):
        return self.time

    async def sleep(self, seconds):
        self.time += seconds


def needs(uid="u1"):
    return Needs(pods=frozenset({Unready("default", "p", uid)}), gate=GATE)


async def looked(cluster, before=None, uid="u1"):
    return await Gates(cluster.get, cluster).look(needs(uid), before or Findings())


async def test_one_that_waits_for_its_containers_is_asked_for_again_soon():
    found = await looked(Cluster(pod()))
    assert (found.admits("u1"), found.again_after) == (False, POLL)


async def test_one_whose_containers_are_ready_is_admitted():
    found = await looked(Cluster(pod(ready="True")))
    assert (found.admits("u1"), found.again_after) == (True, None)


@pytest.mark.parametrize("gates", [(), (gate_of("other"),)])
async def test_one_that_does_not_wait_for_us_is_asked_for_once(gates):
    cluster = Cluster(pod(gates=gates))
    found = await looked(cluster)
    assert (found.admits("u1"), found.again_after, cluster.asked) == (False, None, 1)
    await looked(cluster, found)
    assert cluster.asked == 1
    assert (await Gates(cluster.get, cluster).look(Needs(), found)).ungated == frozenset()


async def test_a_later_pod_of_that_name_is_another_one():
    found = await looked(Cluster(pod("u2", ready="True")))
    assert (found.gated, found.ungated) == ({}, frozenset())


@pytest.mark.parametrize(("answer", "again"), [(None, None), (Lost("the connection ended"), POLL)])
async def test_one_that_cannot_be_read_now_is_left_out_and_asked_for_next_time(answer, again):
    cluster = Cluster(answer)
    found = await looked(cluster)
    await looked(cluster, found)
    assert (found.gated, found.again_after, cluster.asked) == ({}, again, 2)


async def test_one_that_was_admitted_stays_so_while_nobody_answers():
    cluster = Cluster(pod(ready="True"))
    found = await looked(cluster)
    cluster.answer = Lost("the connection ended")
    assert (await looked(cluster, found)).admits("u1")


async def test_where_pods_may_not_be_read_that_is_said_once_and_the_rest_goes_on(caplog):
    cluster = Cluster(Refused('get pods: add {apiGroups: [""], resources: ["pods"], verbs: ["get"]}'))
    gates = Gates(cluster.get, cluster)
    for _ in range(3):
        assert (await gates.look(needs(), Findings())).gated == {}
    assert cluster.asked == 1
    assert caplog.text.count('resources: ["pods"]') == 1
    cluster.time += FORBIDDEN
    cluster.answer = pod(ready="True")
    assert (await gates.look(needs(), Findings())).admits("u1")


def test_a_pod_is_told_under_its_uid_and_only_what_it_does_not_know():
    found = Findings(gated={"u1": pod(ready="True")})
    (patch,) = openings(GATE, found, ["u1"], [], TODAY).values()
    assert (patch.kind, patch.namespace, patch.name, patch.subresource, patch.strategic) == (
        "Pod", "default", "p", "status", True,
    )  # fmt: skip
    assert patch.body["metadata"] == {"uid": "u1"}
    (condition,) = patch.body["status"]["conditions"]
    assert condition == {
        "type": GATE, "status": "True", "reason": "ServerRegistered", "lastTransitionTime": "2026-05-04T03:02:01Z",
        "message": "The backend has been added to the server group",
    }  # fmt: skip
    told = Condition(type=GATE, status="True", reason=condition["reason"], message=condition["message"])
    assert openings(GATE, Findings(gated={"u1": pod(told=told)}), ["u1"], [], TODAY) == {}


def test_the_time_of_the_last_change_stays_while_the_status_does():
    before = Condition(type=GATE, status="True", reason="Other", last_transition_time="2020-01-01T00:00:00Z")
    found = Findings(gated={"u1": pod(told=before)})
    (kept,) = openings(GATE, found, ["u1"], [], TODAY)["u1"].body["status"]["conditions"]
    (changed,) = openings(GATE, found, [], ["u1"], TODAY)["u1"].body["status"]["conditions"]
    assert kept["lastTransitionTime"] == "2020-01-01T00:00:00Z"
    assert (changed["status"], changed["reason"]) == ("False", "ServerInvalidServer")
    assert changed["lastTransitionTime"] == "2026-05-04T03:02:01Z"
