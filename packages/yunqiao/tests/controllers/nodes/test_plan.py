"""The steps of one node, round by round, as a story."""

from datetime import UTC, datetime
from typing import Any

from yunqiao.controllers.nodes.kinds import SHUTDOWN, UNINITIALIZED
from yunqiao.controllers.nodes.plan import Check, admit, delete, plan
from yunqiao.controllers.nodes.want import Wanted
from yunqiao.model.cluster import Metadata, Node, NodeAddress, NodeSpec, NodeStatus, Taint
from yunqiao.model.step import Call, Patch

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
ADDRESSES = (NodeAddress(type="InternalIP", address="10.0.0.1"), NodeAddress(type="Hostname", address="n1"))
KEPT = Taint(key="example.com/busy", effect="NoExecute", time_added="2026-01-01T00:00:00Z")
WAITS = Taint(key=UNINITIALIZED, value="true", effect="NoSchedule")


def node(*taints: Taint, addresses: tuple[NodeAddress, ...] = (), provider_id: str = "", **labels: str) -> Node:
    meta = Metadata(name="n1", uid="u-1", resource_version="7", labels=labels)
    spec = NodeSpec(provider_id=provider_id, taints=list(taints))
    return Node(metadata=meta, spec=spec, status=NodeStatus(addresses=list(addresses)))


def wanted(**more: Any) -> Wanted:
    return Wanted("cn-hangzhou.i-1", ADDRESSES, {"zone": "h"}, **more)


def steps(one: Node, wish: Wanted, check: Check | None = None) -> tuple[Call | Patch, ...]:
    return plan(one, wish, check or Check(on=False), "cn-hangzhou", NOW)


def test_first_the_check_goes_off_and_the_status_is_written() -> None:
    call, patch = steps(node(WAITS), wanted(unrouted=True, unchecked="eni-1"), Check(on=True))
    assert isinstance(call, Call)
    assert (call.action, call.params["SourceDestCheck"], call.lane) == (
        "ModifyNetworkInterfaceAttribute", "false", "eni-1",
    )  # fmt: skip
    assert isinstance(patch, Patch)
    assert (patch.subresource, patch.strategic) == ("status", True)
    assert patch.body["metadata"] == {"uid": "u-1", "resourceVersion": "7"}
    assert patch.body["status"]["addresses"] == [
        {"$patch": "replace"},
        {"type": "InternalIP", "address": "10.0.0.1"},
        {"type": "Hostname", "address": "n1"},
    ]
    (condition,) = patch.body["status"]["conditions"]
    assert (condition["type"], condition["status"], condition["lastTransitionTime"]) == (
        "NetworkUnavailable", "True", "2026-01-02T03:04:05Z",
    )  # fmt: skip


def test_then_all_the_rest_in_one_patch_of_that_very_version() -> None:
    (patch,) = steps(node(KEPT, WAITS, addresses=ADDRESSES), wanted())
    assert isinstance(patch, Patch)
    assert patch.subresource == ""
    assert patch.body == {
        "metadata": {"labels": {"zone": "h"}, "uid": "u-1", "resourceVersion": "7"},
        "spec": {
            "providerID": "cn-hangzhou.i-1",
            "taints": [{"key": "example.com/busy", "effect": "NoExecute", "timeAdded": "2026-01-01T00:00:00Z"}],
        },
    }


def test_then_nothing() -> None:
    done = node(KEPT, addresses=ADDRESSES, provider_id="alicloud://cn-hangzhou.i-1", zone="h", other="x")
    assert steps(done, wanted()) == ()


def test_a_label_alone_needs_no_version() -> None:
    (patch,) = steps(node(addresses=ADDRESSES, provider_id="cn-hangzhou.i-1"), wanted())
    assert isinstance(patch, Patch)
    assert patch.body == {"metadata": {"labels": {"zone": "h"}, "uid": "u-1"}}


def test_a_check_that_stays_on_keeps_the_taint() -> None:
    (patch,) = steps(node(WAITS, addresses=ADDRESSES), wanted(unchecked="eni-1"), Check(on=True, stays=True))
    assert isinstance(patch, Patch)
    assert patch.body["spec"] == {"providerID": "cn-hangzhou.i-1"}


def test_the_shutdown_taint_comes_and_goes_and_no_other_with_it() -> None:
    named: dict[str, Any] = {"addresses": ADDRESSES, "provider_id": "cn-hangzhou.i-1", "zone": "h"}
    (put,) = steps(node(KEPT, **named), wanted(shut_down=True))
    assert isinstance(put, Patch)
    assert [one["key"] for one in put.body["spec"]["taints"]] == [KEPT.key, SHUTDOWN]
    down = Taint(key=SHUTDOWN, effect="NoSchedule")
    assert steps(node(KEPT, down, **named), wanted(shut_down=True)) == ()
    (away,) = steps(node(down, **named), wanted())
    assert isinstance(away, Patch)
    assert away.body["spec"] == {"taints": None}


def test_who_is_admitted_loses_that_taint_and_nothing_else() -> None:
    (patch,) = admit(node(WAITS, KEPT))
    assert [one["key"] for one in patch.body["spec"]["taints"]] == [KEPT.key]
    assert admit(node(KEPT)) == ()


def test_a_deletion_means_that_object_in_that_version() -> None:
    step = delete(node(), "i-1")
    assert (step.name, step.uid, step.resource_version) == ("n1", "u-1", "7")
