"""Tags as every product takes, filters and answers them. What a tag may say is in each product's rules."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from yunsim.products import lists

PAGE = 50
"""Tags in one answer of ListTagResources."""


@dataclass(frozen=True, slots=True)
class TagPair:
    """`Tag.N.Key` and `Tag.N.Value` of a request."""

    Key: str
    Value: str = ""


def matches(tags: Mapping[str, str], wanted: Iterable[TagPair]) -> bool:
    """Tell whether all wanted tags are there; a wanted tag without value asks for the key alone."""
    return all(pair.Key in tags and (not pair.Value or tags[pair.Key] == pair.Value) for pair in wanted)


def answer(tags: Mapping[str, str]) -> dict[str, Any]:
    """Return the tags as SLB and ECS answer them."""
    return {"Tag": [{"TagKey": key, "TagValue": value} for key, value in tags.items()]}


def listed(
    tags_by_id: Mapping[str, Mapping[str, str]], *, resource_type: str, wanted: Iterable[TagPair], token: str
) -> dict[str, Any]:
    """Return the body of ListTagResources: one entry for each tag of each resource that has all wanted tags."""
    asked = list(wanted)
    keys = {pair.Key for pair in asked}
    entries = [
        {"ResourceId": resource_id, "ResourceType": resource_type, "TagKey": key, "TagValue": value}
        for resource_id, tags in tags_by_id.items()
        if matches(tags, asked)
        for key, value in tags.items()
        if not keys or key in keys
    ]
    page, following = lists.tokened(entries, token, PAGE)
    return {"TagResources": {"TagResource": page}, "NextToken": following}


def from_json(text: str) -> list[TagPair]:
    """Read a `Tags` field: a list of {"TagKey", "TagValue"} or a dictionary key: value; raises ValueError."""
    if not text:
        return []
    data = json.loads(text)
    if isinstance(data, dict):
        return [TagPair(str(key), str(value)) for key, value in data.items()]
    if not isinstance(data, list) or not all(isinstance(entry, dict) and "TagKey" in entry for entry in data):
        raise ValueError('expected [{"TagKey": "...", "TagValue": "..."}]')
    return [TagPair(str(entry["TagKey"]), str(entry.get("TagValue", ""))) for entry in data]
