"""Tags of instances and network interfaces."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from yunsim.errors import ApiError
from yunsim.products import tagging
from yunsim.products.ecs import rules
from yunsim.products.tagging import TagPair
from yunsim.world import World


@dataclass(frozen=True, slots=True)
class TagFilter:
    """`TagFilter.N` of ListTagResources: a key, and the values to look for (none: any)."""

    TagKey: str
    TagValues: Sequence[str] = ()


def TagResources(
    world: World, *, RegionId: str, ResourceType: str, ResourceId: Sequence[str], Tag: Sequence[TagPair]
) -> dict[str, Any]:
    """Set tags on up to 50 resources of one type; a key that is there gets the new value."""
    held = _held(world, ResourceType, ResourceId)
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
    for tags in _held(world, ResourceType, ResourceId):
        for key in TagKey or (list(tags) if All else []):
            tags.pop(key, None)
    return {}


def ListTagResources(
    world: World,
    *,
    RegionId: str,
    ResourceType: str,
    ResourceId: Sequence[str] = (),
    Tag: Sequence[TagPair] = (),
    TagFilter: Sequence[TagFilter] = (),
    NextToken: str = "",
) -> dict[str, Any]:
    """List tags of up to 50 resources, or of all of a type, 50 tags a page."""
    known = _tags_by_id(world, ResourceType)
    asked = rules.at_most("ResourceId", ResourceId, rules.RESOURCES_PER_CALL)
    chosen = {
        each: tags
        for each, tags in known.items()
        if (not asked or each in asked) and all(_passes(tags, one) for one in TagFilter)
    }
    return tagging.listed(chosen, resource_type=ResourceType, wanted=Tag, token=NextToken)


def _passes(tags: dict[str, str], one: TagFilter) -> bool:
    return one.TagKey in tags and (not one.TagValues or tags[one.TagKey] in one.TagValues)


def _held(world: World, resource_type: str, ids: Sequence[str]) -> list[dict[str, str]]:
    known = _tags_by_id(world, resource_type)
    for each in rules.at_most("ResourceId", ids, rules.RESOURCES_PER_CALL):
        if each not in known:
            raise ApiError(
                404, "InvalidResourceId.NotFound", f"The specified ResourceIds are not found: {resource_type} {each}."
            )
    return [known[each] for each in ids]


def _tags_by_id(world: World, resource_type: str) -> dict[str, dict[str, str]]:
    if resource_type not in rules.TAG_RESOURCES:
        raise ApiError(
            404,
            "InvalidResourceType.NotFound",
            f"The ResourceType provided does not exist: {resource_type!r}; here: {', '.join(rules.TAG_RESOURCES)}.",
        )
    state = rules.state(world)
    if resource_type == "instance":
        return {each.id: each.tags for each in state.instances.values()}
    return {each.id: each.tags for each in state.interfaces.values()}
