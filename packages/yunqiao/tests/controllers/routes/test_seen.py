"""What answers teach."""

import pytest

from yunqiao.cloud import vpc
from yunqiao.cloud.codes import outcome
from yunqiao.controllers.routes.seen import Refusal, fold, looked, stumble
from yunqiao.model.errors import Fault

KEY = ("vtb-1", "172.16.1.0/24", "i-w1")
SPOT = ("vtb-1", "172.16.1.0/24")


def create(*routes):
    return vpc.create_routes("cn-hangzhou", "vpc-1", routes, "write")


def delete(*routes):
    return vpc.delete_routes("cn-hangzhou", "vpc-1", routes, "remove")


def failing(code, cidr="172.16.1.0/24", hop="i-w1"):
    told = {"DstCidrBlock": cidr, "NextHop": hop, "FailedCode": code, "FailedMessage": "words"}
    return {"FailedRouteEntries": [told]}


def test_what_was_accepted_is_pending_until_it_is_looked_at(scene):
    seen = fold(scene.seen(), create(scene.route()), {}, 0.0)
    route = seen.tables["vtb-1"].routes["172.16.1.0/24"]
    assert (route.status, route.is_done, seen.unclear) == ("Pending", False, {SPOT})
    seen = looked(seen, "vtb-1", [scene.route()], frozenset({"172.16.1.0/24"}))
    assert seen.tables["vtb-1"].routes["172.16.1.0/24"].is_done
    assert seen.unclear == frozenset()


def test_only_the_entry_that_failed_is_refused(scene):
    two = scene.route(), scene.route(cidr="172.16.2.0/24")
    seen = fold(scene.seen(), create(*two), failing("InvalidCidrBlock"), 7.0)
    assert list(seen.tables["vtb-1"].routes) == ["172.16.2.0/24"]
    assert seen.refusals == {KEY: Refusal(307.0, "InvalidCidrBlock: words")}


def test_a_duplicate_is_looked_at_and_never_taken_for_done(scene):
    seen = fold(scene.seen(), create(scene.route()), failing("VPC_ROUTE_ENTRY_CIDR_BLOCK_DUPLICATE"), 0.0)
    assert seen.tables["vtb-1"].routes == {}
    assert seen.unclear == {SPOT}
    assert seen.refusals[KEY].text == "InvalidCIDRBlock.Duplicate: words"


@pytest.mark.parametrize("code", ["VPC_ROUTE_ENTRY_STATUS_ERROR", "TaskConflict", "IncorrectRouteEntryStatus"])
def test_a_busy_table_is_waited_for_without_a_word(scene, code):
    seen = fold(scene.seen(), create(scene.route()), failing(code), 0.0)
    assert seen.refusals == {KEY: Refusal(5.0)}


def test_a_full_table_is_full_until_something_goes(scene):
    seen = fold(scene.seen(scene.route("x", "172.16.7.0/24")), create(scene.route()), failing("QuotaExceeded"), 0.0)
    assert seen.tables["vtb-1"].full
    assert not looked(seen, "vtb-1", []).tables["vtb-1"].full
    assert looked(seen, "vtb-1", [], frozenset({"172.16.1.0/24"})).tables["vtb-1"].full
    assert not fold(seen, delete(scene.route("x", "172.16.7.0/24")), {}, 0.0).tables["vtb-1"].full


def test_what_was_removed_is_gone_and_so_is_what_was_not_there(scene):
    for reply in ({}, failing("VPC_ROUTER_ENTRY_NOT_EXIST"), failing("InvalidRouteEntry.NotFound")):
        assert fold(scene.seen(scene.route()), delete(scene.route()), reply, 0.0).tables["vtb-1"].routes == {}


def test_a_removal_that_failed_removed_nothing(scene):
    seen = fold(scene.seen(scene.route()), delete(scene.route()), failing("OperationDenied"), 0.0)
    assert list(seen.tables["vtb-1"].routes) == ["172.16.1.0/24"]
    assert KEY in seen.refusals


def trouble(code, status=400):
    return outcome(Fault("CreateRouteEntries", status, code, "words", ""), "vpc")


@pytest.mark.parametrize(("code", "status"), [("InvalidCidrBlock", 400), ("HTTP414", 414)])
def test_a_batch_that_was_refused_goes_in_halves(scene, code, status):
    four = [scene.route(cidr=f"172.16.{number}.0/24") for number in range(4)]
    seen = stumble(scene.seen(), create(*four), trouble(code, status), 0.0)
    assert seen is not None
    assert set(seen.portions.values()) == {2}
    assert len(seen.portions) == 4


def test_an_entry_that_was_refused_alone_is_to_blame(scene):
    seen = stumble(scene.seen(), create(scene.route()), trouble("InvalidCidrBlock"), 0.0)
    assert seen is not None
    assert seen.refusals == {KEY: Refusal(300.0, "InvalidCidrBlock: words")}
    full = stumble(scene.seen(), create(scene.route()), trouble("QuotaExceeded"), 0.0)
    assert full is not None
    assert full.tables["vtb-1"].full


@pytest.mark.parametrize(("code", "status"), [("Forbidden.RAM", 403), ("TaskConflict", 400), ("InternalError", 500)])
def test_what_is_not_about_the_entries_teaches_nothing(scene, code, status):
    assert stumble(scene.seen(), create(scene.route()), trouble(code, status), 0.0) is None
