"""Key, clock, endpoints: what answers say about who asks."""

import pytest

from yunqiao.cloud.codes import outcome
from yunqiao.install.access import access
from yunqiao.install.answers import blamed, is_let_through
from yunqiao.install.configuration import Given
from yunqiao.install.findings import Status
from yunqiao.install.permissions import READS
from yunqiao.model.errors import Fault, Lost, Refused
from yunqiao.settings import Settings


def answer(code, status=403, message="No."):
    return outcome(Fault("DescribeInstances", status, code, message, "r-1"), "ecs")


@pytest.mark.parametrize(("skew", "status", "found"), [
    (0.9, Status.OK, "as the cloud's"),
    (30.0, Status.OK, "30 s ahead of the cloud's"),
    (90.0, Status.WARNING, "90 s ahead of the cloud's; calls are refused from 15 minutes on"),
    (-90.0, Status.WARNING, "90 s behind the cloud's; calls are refused from 15 minutes on"),
    (None, Status.UNCHECKED, "the cloud did not tell its time"),
])  # fmt: skip
def test_a_clock_that_is_off_is_told_before_the_cloud_refuses(scene, skew, status, found):
    cloud = scene.cloud(skew=skew, answers=dict.fromkeys(READS))
    (clock,) = (one for one in access(cloud, Settings(), Given()) if one.check == "clock")
    assert (clock.status, clock.found) == (status, found)


def test_an_answer_about_a_thing_that_does_not_exist_says_that_one_may_ask():
    assert is_let_through(None)
    assert is_let_through(answer("InvalidLoadBalancerId.NotFound", 404))
    assert is_let_through(answer("InvalidParameter", 400))


@pytest.mark.parametrize(("trouble", "check"), [
    (Lost("no answer"), "endpoint"),
    (answer("HTTP502", 502), "endpoint"),
    (answer("InvalidAccessKeyId.NotFound", 404), "credentials"),
    (answer("SignatureDoesNotMatch", 400), "credentials"),
    (answer("InvalidTimeStamp.Expired", 400), "clock"),
    (answer("Forbidden.RiskControl"), "account"),
    (answer("InvalidRegionId.NotFound", 404), "region"),
    (answer("InvalidProduct.NotFound", 404), "region"),
    (answer("Forbidden.RAM"), ""),
    (answer("Throttling.User", 400), ""),
])  # fmt: skip
def test_an_answer_that_is_none_to_the_question_names_the_check_to_blame(trouble, check):
    assert blamed(trouble) == check
    assert not is_let_through(trouble)


def test_without_a_key_nothing_else_is_told_of_the_cloud(scene):
    told = list(access(scene.cloud(key=Refused("no role")), Settings(), Given()))
    assert [(one.check, one.status) for one in told] == [("region", Status.OK), ("credentials", Status.BROKEN)]
    assert told[1].found == "RAM role of the ECS instance: no role"
