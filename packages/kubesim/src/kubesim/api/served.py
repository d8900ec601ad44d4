"""Which kinds one cluster serves: the built-in ones, and those that its CustomResourceDefinitions describe.

A custom resource is served in the version it is stored in.
https://kubernetes.io/docs/concepts/extend-kubernetes/api-extension/custom-resources/
"""

from collections.abc import Iterator

from kubesim.kinds import BY_RESOURCE, CUSTOM, KINDS, Kind
from kubesim.objects import Key, Object, at
from kubesim.schema.custom import custom_type
from kubesim.storage import Change


class Served:
    """All kinds of a cluster; follows its storage."""

    def __init__(self) -> None:
        """Begin with the built-in kinds."""
        self._custom: dict[Key, Kind] = {}

    def follow(self, change: Change) -> None:
        """Note which CustomResourceDefinitions come, change and go."""
        if change.resource != CUSTOM:
            return
        self._custom.pop(change.key, None)
        if change.action != "DELETED":
            self._custom[change.key] = described(change.object)

    def __iter__(self) -> Iterator[Kind]:
        """Go through all of them, the built-in ones first."""
        yield from KINDS
        yield from self._custom.values()

    def get(self, resource: str) -> Kind | None:
        """The kind behind a group-qualified plural."""
        return BY_RESOURCE.get(resource) or self._custom.get(("", resource))

    def at_path(self, group: str, version: str, plural: str) -> Kind | None:
        """The kind that a path means."""
        return next(
            (kind for kind in self if (kind.group, kind.version, kind.plural) == (group, version, plural)), None
        )


def described(definition: Object) -> Kind:
    """The kind that a CustomResourceDefinition describes."""
    spec = definition["spec"]
    names = spec["names"]
    version = next(each for each in spec["versions"] if each["storage"])
    return Kind(
        spec["group"],
        version["name"],
        names["kind"],
        names["plural"],
        "",
        tuple(names.get("shortNames") or ()),
        namespaced=spec["scope"] == "Namespaced",
        categories=tuple(names.get("categories") or ()),
        status=at(version, "subresources.status") is not None,
        generation=True,
        structure=custom_type(at(version, "schema.openAPIV3Schema") or {}),
    )
