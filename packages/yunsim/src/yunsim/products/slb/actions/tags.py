"""Tags: of everything (TagResources and its kin), and the older actions that know balancers alone."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from yunsim.errors import ApiError
from yunsim.products import lists, tagging
from yunsim.products.slb import rules
from yunsim.products.tagging import TagPair
from yunsim.world import World


def TagResources(
    world: World, *, RegionId: str, ResourceType: str, ResourceId: Sequence[str], Tag: Sequence[TagPair]
) -> dict[str, Any]:
    """Set tags on up to 20 resources of one type; a key that is there gets the new value."""
    held = [_tags(world, ResourceType, each) for each in rules.at_most_twenty("ResourceId", ResourceId)]
    for tags in held:
        rules.tags(Tag, tags)
    for tags in held:
        tags.update((pair.Key, pair.Value) for pair in Tag)
    return {}


def UntagResources(
    world: World,
    *,
    RegionId: str,
    ResourceType: str,
    ResourceId: Sequence[str],
    TagKey: Sequence[str] = (),
    All: bool = False,
) -> dict[str, Any]:
    """Remove tags by key; all of them only when no key is given and `All` says so."""
    held = [_tags(world, ResourceType, each) for each in rules.at_most_twenty("ResourceId", ResourceId)]
    keys = rules.at_most_twenty("TagKey", TagKey)
    if not keys and not All:
        raise rules.missing("TagKey.1", "All is not true")
    for tags in held:
        for key in keys or list(tags):
            tags.pop(key, None)
    return {}


def ListTagResources(
    world: World,
    *,
    RegionId: str,
    ResourceType: str,
    ResourceId: Sequence[str] = (),
    Tag: Sequence[TagPair] = (),
    NextToken: str = "",
) -> dict[str, Any]:
    """List tags of up to 20 resources, or of all of a type, 50 tags a page."""
    known = _tags_by_id(world, ResourceType)
    asked = rules.at_most_twenty("ResourceId", ResourceId)
    chosen = {each: known[each] for each in asked if each in known} if asked else known
    return tagging.listed(chosen, resource_type=ResourceType, wanted=Tag, token=NextToken)


def _tags(world: World, resource_type: str, resource_id: str) -> dict[str, str]:
    known = _tags_by_id(world, resource_type)
    if resource_id not in known:
        raise ApiError(
            404,
            "InvalidResourceId.NotFound",
            f"The specified ResourceId does not exist: {resource_type} {resource_id}.",
        )
    return known[resource_id]


def _tags_by_id(world: World, resource_type: str) -> dict[str, dict[str, str]]:
    """Return the tags of all resources of a type by id; raises ApiError for an unknown type."""
    state = rules.state(world)
    balancers = state.load_balancers.values()
    match rules.one_of("ResourceType", resource_type, rules.TAG_RESOURCES):
        case "instance":
            return {each.id: each.tags for each in balancers}
        case "listener":
            return {each.id: each.tags for balancer in balancers for each in balancer.listeners.values()}
        case "vservergroup":
            return {each.id: each.tags for each in state.groups.values()}
        case "certificate":
            return {each.id: each.tags for each in state.certificates.values()}
        case "acl":
            return {each.id: each.tags for each in state.access_control_lists.values()}
        case _:
            return {}


def AddTags(world: World, *, RegionId: str, LoadBalancerId: str, Tags: str) -> dict[str, Any]:
    """Set tags on a balancer (`Tags` is JSON)."""
    found = rules.load_balancer(world, LoadBalancerId)
    pairs = rules.tags_text(Tags)
    rules.tags(pairs, found.tags)
    found.tags.update((pair.Key, pair.Value) for pair in pairs)
    return {}


def RemoveTags(world: World, *, RegionId: str, LoadBalancerId: str, Tags: str) -> dict[str, Any]:
    """Remove tags from a balancer by their keys (`Tags` is JSON)."""
    found = rules.load_balancer(world, LoadBalancerId)
    for pair in rules.tags_text(Tags):
        found.tags.pop(pair.Key, None)
    return {}


def DescribeTags(
    world: World,
    *,
    RegionId: str,
    LoadBalancerId: str = "",
    Tags: str = "",
    DistinctKey: bool = False,
    PageNumber: int = 1,
    PageSize: int = 50,
) -> dict[str, Any]:
    """Count the balancers of each tag, or of each key."""
    wanted = rules.tags_text(Tags)
    counts = Counter(
        (key, "" if DistinctKey else value)
        for each in rules.state(world).load_balancers.values()
        if LoadBalancerId in ("", each.id)
        for key, value in each.tags.items()
        if not wanted or any(tagging.matches({key: value}, [pair]) for pair in wanted)
    )
    found = [{"TagKey": key, "TagValue": value, "InstanceCount": count} for (key, value), count in counts.items()]
    return {
        "TagSets": {"TagSet": lists.numbered(found, PageNumber, PageSize, 100)},
        "PageNumber": PageNumber,
        "PageSize": PageSize,
        "TotalCount": len(found),
    }
