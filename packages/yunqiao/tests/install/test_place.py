"""VPC and vSwitches."""

import pytest

from yunqiao.cloud.vpc import Vpc, VSwitch
from yunqiao.install.findings import Status
from yunqiao.install.place import place
from yunqiao.settings import Settings


def told(scene, check, **changed):
    (one,) = (one for one in place(scene.cluster(), scene.cloud(**changed), Settings()) if one.check == check)
    return one


@pytest.mark.parametrize(("free", "status"), [(100, Status.OK), (7, Status.WARNING), (0, Status.BROKEN)])
def test_a_vswitch_that_is_nearly_full_is_told(scene, free, status):
    one = told(scene, "vSwitch vsw-1", vswitches=(VSwitch("vsw-1", "z-1", "vpc-1", "10.0.0.0/28", free),))
    assert (one.status, one.found) == (
        status,
        f"10.0.0.0/28 in z-1, {free} addresses free (from the instance metadata)",
    )
    assert ("Global.vswitchid" in one.fix) is (status is not Status.OK)


def test_a_vpc_that_the_cloud_answers_without_showing_it_is_not_there(scene):
    one = told(scene, "VPC", vpc=Vpc(""))
    assert (one.status, one.found) == (Status.BROKEN, "vpc-1 is not found in cn-hangzhou")


def test_the_cluster_id_is_not_known_without_the_cluster(scene):
    from_config = list(place(scene.cluster(), scene.cloud(), Settings(cluster_id="mine")))
    assert from_config[0].found == "mine (configured)"
