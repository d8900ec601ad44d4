"""Tags of instances and network interfaces."""

from typing import Any

import pytest

TAGS = [{"Key": "team", "Value": "web"}, {"Key": "stage", "Value": "live"}]


def listed(ecs: Any, **more: Any) -> dict[str, str]:
    found = ecs("ListTagResources", ResourceType="instance", **more)["TagResources"]["TagResource"]
    return {each["TagKey"]: each["TagValue"] for each in found}


def test_tags_are_set_found_and_removed(ecs: Any, site: Any) -> None:
    which = {"ResourceType": "instance", "ResourceId": [site.nodes[0].id]}
    ecs("TagResources", **which, Tag=TAGS)
    assert listed(ecs, ResourceId=[site.nodes[0].id]) == {"team": "web", "stage": "live"}
    assert listed(ecs, Tag=TAGS[:1]) == {"team": "web"}
    assert listed(ecs, TagFilter=[{"TagKey": "team", "TagValues": ["api", "web"]}]) == {"team": "web", "stage": "live"}
    assert listed(ecs, TagFilter=[{"TagKey": "team", "TagValues": ["api"]}]) == {}
    ecs("UntagResources", **which, TagKey=["team"])
    assert listed(ecs) == {"stage": "live"}
    ecs("UntagResources", **which, All="true")
    assert listed(ecs) == {}


def test_interfaces_have_tags_too(ecs: Any, site: Any) -> None:
    ecs("TagResources", ResourceType="eni", ResourceId=[site.interface.id], Tag=TAGS)
    assert ecs("DescribeNetworkInterfaces", Tag=TAGS)["TotalCount"] == 1


def test_pages_by_token_hold_every_tag_once(ecs: Any, site: Any) -> None:
    tags = [{"Key": f"k{number}", "Value": "v"} for number in range(20)]
    ecs("TagResources", ResourceType="instance", ResourceId=[node.id for node in site.nodes], Tag=tags)
    first = ecs("ListTagResources", ResourceType="instance")
    second = ecs("ListTagResources", ResourceType="instance", NextToken=first["NextToken"])
    both = [*first["TagResources"]["TagResource"], *second["TagResources"]["TagResource"]]
    assert (len({(each["ResourceId"], each["TagKey"]) for each in both}), second["NextToken"]) == (60, "")


@pytest.mark.parametrize(
    ("code", "more"),
    [
        ("InvalidResourceId.NotFound", {"ResourceId": ["i-none"]}),
        ("InvalidResourceType.NotFound", {"ResourceType": "server"}),
        ("InvalidTagKey.Malformed", {"Tag": [{"Key": "acs:x", "Value": ""}]}),
        ("InvalidTagValue.Malformed", {"Tag": [{"Key": "x", "Value": "http://x"}]}),
        ("NumberExceed.Tags", {"Tag": [{"Key": f"k{number}", "Value": ""} for number in range(21)]}),
        ("InvalidParameter", {"ResourceId": ["i-none"] * 51}),
    ],
)
def test_what_is_wrong_is_refused(ecs: Any, site: Any, refused: Any, code: str, more: dict[str, Any]) -> None:
    given = {"ResourceType": "instance", "ResourceId": [site.nodes[0].id], "Tag": TAGS, **more}
    refused(code, ecs, "TagResources", **given)
    assert listed(ecs) == {}
