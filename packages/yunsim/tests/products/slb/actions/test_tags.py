"""Tags of balancers, listeners and groups."""

from typing import Any

import pytest

TAGS = [{"Key": "team", "Value": "web"}, {"Key": "stage", "Value": "live"}]


def listed(slb: Any, resource_type: str = "instance", **more: Any) -> dict[str, str]:
    found = slb("ListTagResources", ResourceType=resource_type, **more)["TagResources"]["TagResource"]
    return {each["TagKey"]: each["TagValue"] for each in found}


def test_tags_are_set_overwritten_and_removed(slb: Any, balancer: str) -> None:
    slb("TagResources", ResourceType="instance", ResourceId=[balancer], Tag=TAGS)
    slb("TagResources", ResourceType="instance", ResourceId=[balancer], Tag=[{"Key": "team", "Value": "api"}])
    assert listed(slb, ResourceId=[balancer]) == {"team": "api", "stage": "live"}
    slb("UntagResources", ResourceType="instance", ResourceId=[balancer], TagKey=["team", "none"])
    assert listed(slb, ResourceId=[balancer]) == {"stage": "live"}
    slb("UntagResources", ResourceType="instance", ResourceId=[balancer], All="true")
    assert listed(slb, ResourceId=[balancer]) == {}


def test_no_tag_is_removed_without_a_key_or_all(slb: Any, balancer: str, refused: Any) -> None:
    slb("TagResources", ResourceType="instance", ResourceId=[balancer], Tag=TAGS)
    refused("MissingParameter", slb, "UntagResources", ResourceType="instance", ResourceId=[balancer])
    assert len(listed(slb)) == 2


def test_listeners_and_groups_have_tags_too(slb: Any, balancer: str, group: str) -> None:
    slb("CreateLoadBalancerTCPListener", LoadBalancerId=balancer, ListenerPort=80, Bandwidth=-1, VServerGroupId=group)
    slb("TagResources", ResourceType="vservergroup", ResourceId=[group], Tag=TAGS)
    slb("TagResources", ResourceType="listener", ResourceId=[f"{balancer}_tcp_80"], Tag=TAGS)
    assert (
        listed(slb, "vservergroup", ResourceId=[group]) == listed(slb, "listener") == {"team": "web", "stage": "live"}
    )


def test_tags_are_found_by_tag(slb: Any, balancer: str) -> None:
    slb("TagResources", ResourceType="instance", ResourceId=[balancer], Tag=TAGS)
    assert listed(slb, Tag=[{"Key": "team", "Value": "web"}]) == {"team": "web"}
    assert listed(slb, Tag=[{"Key": "team", "Value": "api"}]) == {}


@pytest.mark.parametrize(
    ("code", "more"),
    [
        ("InvalidResourceId.NotFound", {"ResourceId": ["lb-none"]}),
        ("InvalidParameter", {"ResourceType": "server"}),
        ("InvalidParameter", {"ResourceId": ["x"] * 21}),
        ("InvalidParam.TagKey", {"Tag": [{"Key": "aliyun-mine", "Value": ""}]}),
        ("InvalidParam.TagKey", {"Tag": [{"Key": "k" * 65, "Value": ""}]}),
        ("InvalidParam.TagValue", {"Tag": [{"Key": "k", "Value": "https://x"}]}),
        ("SizeLimitExceeded.Tag", {"Tag": [{"Key": f"k{number}", "Value": ""} for number in range(21)]}),
    ],
)
def test_what_is_wrong_is_refused(slb: Any, balancer: str, refused: Any, code: str, more: dict[str, Any]) -> None:
    given = {"ResourceType": "instance", "ResourceId": [balancer], "Tag": TAGS, **more}
    refused(code, slb, "TagResources", **given)
    assert listed(slb) == {}


def test_pages_by_token_hold_every_tag_once(slb: Any, site: Any) -> None:
    for _ in range(4):
        tags = [{"Key": f"k{number}", "Value": "v"} for number in range(15)]
        slb(
            "CreateLoadBalancer",
            AddressType="intranet",
            VSwitchId=site.vswitch.id,
            InstanceChargeType="PayByCLCU",
            Tag=tags,
        )
    first = slb("ListTagResources", ResourceType="instance")
    second = slb("ListTagResources", ResourceType="instance", NextToken=first["NextToken"])
    both = [*first["TagResources"]["TagResource"], *second["TagResources"]["TagResource"]]
    assert (len(both), second["NextToken"]) == (60, "")
    assert len({(each["ResourceId"], each["TagKey"]) for each in both}) == 60


def test_the_older_actions_know_the_same_tags(slb: Any, balancer: str) -> None:
    slb("AddTags", LoadBalancerId=balancer, Tags=[{"TagKey": "team", "TagValue": "web"}])
    (found,) = slb("DescribeTags", LoadBalancerId=balancer)["TagSets"]["TagSet"]
    assert found == {"TagKey": "team", "TagValue": "web", "InstanceCount": 1}
    assert listed(slb) == {"team": "web"}
    slb("RemoveTags", LoadBalancerId=balancer, Tags=[{"TagKey": "team", "TagValue": "web"}])
    assert slb("DescribeTags")["TotalCount"] == 0


def test_the_older_list_has_pages(slb: Any, balancer: str) -> None:
    slb("AddTags", LoadBalancerId=balancer, Tags={"a": "1", "b": "2", "c": "3"})
    pages = [slb("DescribeTags", PageNumber=number, PageSize=2) for number in (1, 2)]
    assert [each["TagKey"] for page in pages for each in page["TagSets"]["TagSet"]] == ["a", "b", "c"]
