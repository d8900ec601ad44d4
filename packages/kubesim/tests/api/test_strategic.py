"""Strategic merge patches, on the types of the published schema."""

import pytest

from kubesim.api.strategic import strategic
from kubesim.errors import StatusError
from kubesim.schema.definitions import definition

POD = definition("io.k8s.api.core.v1.Pod")
SERVICE = definition("io.k8s.api.core.v1.Service")
DEPLOYMENT = definition("io.k8s.api.apps.v1.Deployment")


def ports(*numbers):
    return {"spec": {"ports": [{"port": number} for number in numbers]}}


def numbers(obj):
    return [port["port"] for port in obj["spec"]["ports"]]


def test_items_with_a_known_key_are_merged_in_place():
    before = {"spec": {"containers": [{"name": "a", "image": "1"}, {"name": "b", "image": "2"}]}}
    after = strategic(before, {"spec": {"containers": [{"name": "b", "image": "3"}]}}, POD)
    assert after["spec"]["containers"] == [{"name": "a", "image": "1"}, {"name": "b", "image": "3"}]
    assert before["spec"]["containers"][1]["image"] == "2"


def test_new_items_come_before_those_that_only_the_server_has():
    assert numbers(strategic(ports(80, 53), ports(443), SERVICE)) == [443, 80, 53]


def test_an_order_directive_decides():
    patch = ports(443) | {"metadata": {}}
    patch["spec"]["$setElementOrder/ports"] = [{"port": 53}, {"port": 443}, {"port": 80}]
    assert numbers(strategic(ports(80, 53), patch, SERVICE)) == [53, 443, 80]


def test_items_are_deleted_by_key():
    patch = {"spec": {"ports": [{"$patch": "delete", "port": 80}]}}
    assert numbers(strategic(ports(80, 53), patch, SERVICE)) == [53]


def test_a_list_is_replaced_on_request():
    patch = {"spec": {"ports": [{"$patch": "replace"}, {"port": 1}]}}
    assert numbers(strategic(ports(80, 53), patch, SERVICE)) == [1]


def test_a_list_that_is_replaced_may_have_one_key_twice():
    addresses = [{"type": "InternalIP", "address": "10.0.0.1"}, {"type": "InternalIP", "address": "2001:db8::1"}]
    patch = {"status": {"addresses": [{"$patch": "replace"}, *addresses]}}
    before = {"status": {"addresses": [{"type": "InternalIP", "address": "10.0.0.9"}]}}
    node = definition("io.k8s.api.core.v1.Node")
    assert strategic(before, patch, node)["status"]["addresses"] == addresses


def test_a_list_that_does_not_merge_is_replaced():
    before = {"spec": {"externalIPs": ["10.0.0.1"]}}
    after = strategic(before, {"spec": {"externalIPs": ["10.0.0.2"]}}, SERVICE)
    assert after["spec"]["externalIPs"] == ["10.0.0.2"]


def test_primitive_lists_grow_and_shrink():
    before = {"metadata": {"finalizers": ["a/b", "c/d"]}}
    patch = {"metadata": {"finalizers": ["e/f"], "$deleteFromPrimitiveList/finalizers": ["a/b"]}}
    assert sorted(strategic(before, patch, POD)["metadata"]["finalizers"]) == ["c/d", "e/f"]


def test_retained_keys_drop_the_others():
    before = {"spec": {"strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1}}}}
    patch = {"spec": {"strategy": {"$retainKeys": ["type"], "type": "Recreate"}}}
    assert strategic(before, patch, DEPLOYMENT)["spec"]["strategy"] == {"type": "Recreate"}


def test_null_removes_and_a_replace_directive_replaces():
    before = {"metadata": {"labels": {"a": "1", "b": "2"}, "annotations": {"x": "1"}}}
    patch = {"metadata": {"labels": {"a": None}, "annotations": {"$patch": "replace", "y": "2"}}}
    after = strategic(before, patch, POD)
    assert after["metadata"] == {"labels": {"b": "2"}, "annotations": {"y": "2"}}


def test_an_item_without_its_key_is_refused():
    with pytest.raises(StatusError, match="merge key: name"):
        strategic({}, {"spec": {"containers": [{"image": "1"}]}}, POD)
