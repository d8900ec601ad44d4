"""What clients do with objects: get, list, create, update, patch, delete, watch. HTTP and hollow nodes both come here.

Objects that come back are shared with the store and with every watcher: never change one, copy it first
(`kubesim.objects.copied`). Objects that go in are copied. All verbs but `watch` return at once.
"""

from collections.abc import AsyncGenerator, Callable
from datetime import UTC, datetime
from typing import Any

from kubesim.admission.admission import Admission
from kubesim.admission.matching import Request
from kubesim.api import managed_fields, metadata
from kubesim.api.allocation import SERVICES, Allocation
from kubesim.api.apply import apply, require_manager
from kubesim.api.deletion import Deletion, Propagation
from kubesim.api.listing import Page, list_objects, parse_revision, require_reached
from kubesim.api.options import Write
from kubesim.api.ownership import Ownership
from kubesim.api.patching import APPLY, JSON_PATCH, MERGE_PATCH, STRATEGIC_PATCH, patched
from kubesim.api.rules import NO_RULES, RULES
from kubesim.api.rules.events import from_core, to_core
from kubesim.api.scale import from_scale, to_scale
from kubesim.api.selectors import Predicate, select
from kubesim.api.served import Served, described
from kubesim.api.typed import typed
from kubesim.api.watching import Follow, watch_objects
from kubesim.errors import (
    Cause,
    already_exists,
    bad_request,
    conflict,
    invalid,
    no_such_resource,
    not_found,
    precondition_failed,
    wrong,
)
from kubesim.kinds import BY_RESOURCE, CUSTOM, Kind
from kubesim.objects import Object, at, copied, key_of, meta, timestamp
from kubesim.storage import Storage

IN_PROCESS = Write()


def _utc_now() -> datetime:
    return datetime.now(UTC)


class Verbs:
    """The API without its transport. `resource` is always the group-qualified plural, such as "deployments.apps"."""

    def __init__(
        self,
        storage: Storage | None = None,
        *,
        allocation: Allocation | None = None,
        now: Callable[[], datetime] = _utc_now,
    ) -> None:
        self.storage = storage or Storage()
        self._now = now
        self._allocation = allocation or Allocation()
        ownership = Ownership()
        self.kinds = Served()
        """All kinds that this cluster serves."""
        self._deletion = Deletion(self.storage, ownership, now, self.kinds)
        self._admission = Admission(self.storage)
        self.storage.followers += [self.kinds.follow, self._allocation.follow, ownership.follow, self._admission.follow]

    # Reading

    def get(self, resource: str, name: str, namespace: str = "", *, subresource: str = "") -> Object:
        """One object. Raises StatusError 404."""
        kind = self.kind(resource, subresource)
        obj = _served(kind)(self._stored(kind, name, namespace))
        return to_scale(obj) if subresource == "scale" else obj

    def list(
        self,
        resource: str,
        namespace: str = "",
        *,
        labels: str = "",
        fields: str = "",
        limit: int = 0,
        continue_: str = "",
        resource_version: str = "",
        resource_version_match: str = "",
    ) -> Object:
        """A list object, all namespaces when none is named. Raises StatusError 400, 410, 504."""
        kind = self.kind(resource)
        page = Page(limit, continue_, resource_version, resource_version_match)
        return list_objects(self.storage, kind, namespace, page, _chosen(kind, labels, fields), _served(kind))

    def watch(
        self,
        resource: str,
        namespace: str = "",
        *,
        since: str = "",
        labels: str = "",
        fields: str = "",
        bookmarks: float = 0.0,
        initial_events: bool = False,
    ) -> AsyncGenerator[Object, None]:
        """Events {"type", "object"} after `since`; without it the present state comes first as ADDED events."""
        kind = self.kind(resource)
        require_reached(self.storage, parse_revision(since))
        follow = Follow(since, bookmarks, initial_events)
        return watch_objects(self.storage, kind, namespace, follow, _chosen(kind, labels, fields), _served(kind))

    # Writing

    def create(self, resource: str, obj: Object, namespace: str = "", *, options: Write = IN_PROCESS) -> Object:
        """Store a new object and return it. Raises StatusError 400, 403, 404 (namespace), 409, 422."""
        kind = self.kind(resource)
        kind, new = self._decoded(kind, obj, options)
        return _served(self.kind(resource))(self._create(kind, new, namespace, options))

    def update(
        self, resource: str, obj: Object, namespace: str = "", *, subresource: str = "", options: Write = IN_PROCESS
    ) -> Object:
        """Replace an object, or its status. Raises StatusError 400, 404, 409, 422."""
        kind = self.kind(resource, subresource)
        if subresource == "scale":
            return to_scale(self._rescale(kind, obj, namespace, options))
        stored_kind, new = self._decoded(kind, obj, options)
        metadata.place(stored_kind, new, namespace)
        old = self._stored(kind, meta(new).get("name", ""), meta(new).get("namespace", ""))
        if meta(new).get("uid", meta(old)["uid"]) != meta(old)["uid"]:
            given, stored = meta(new)["uid"], meta(old)["uid"]
            words = f"Precondition failed: UID in precondition: {given}, UID in object meta: {stored}"
            raise conflict(kind, meta(old)["name"], words)
        return _served(kind)(self._replace(stored_kind, old, new, subresource, options))

    def patch(
        self,
        resource: str,
        name: str,
        patch: Any,
        content_type: str,
        namespace: str = "",
        *,
        subresource: str = "",
        options: Write = IN_PROCESS,
    ) -> Object:
        """Change an object by a patch of that media type; apply may create it. Raises StatusError 4xx."""
        kind = self.kind(resource, subresource)
        if content_type == APPLY:
            return self._apply(kind, name, patch, namespace, subresource, options)
        old = self._stored(kind, name, namespace)
        before = _served(kind)(old)
        before = to_scale(before) if subresource == "scale" else before
        after = patched(kind, before, patch, content_type)
        if subresource == "scale":
            return to_scale(self._rescale(kind, after, namespace, options))
        stored_kind, new = self._decoded(kind, after, options)
        return _served(kind)(self._replace(stored_kind, old, new, subresource, options))

    def delete(
        self,
        resource: str,
        name: str,
        namespace: str = "",
        *,
        uid: str = "",
        resource_version: str = "",
        propagation: Propagation = "Background",
        grace: int | None = None,
        options: Write = IN_PROCESS,
    ) -> Object:
        """Delete; returns the object (its last state, or how it waits) as it is now. Raises StatusError 404, 409."""
        kind = self.kind(resource)
        obj = self._stored(kind, name, namespace)
        if uid and uid != meta(obj)["uid"]:
            raise precondition_failed(kind, name, "UID", uid, meta(obj)["uid"])
        if resource_version and resource_version != meta(obj)["resourceVersion"]:
            stored = meta(obj)["resourceVersion"]
            raise precondition_failed(kind, name, "ResourceVersion", resource_version, stored)
        stored_kind = BY_RESOURCE[kind.stored_as] if kind.stored_as else kind
        self._admit(stored_kind, obj, None, "", options)
        if options.dry_run:
            return _served(kind)(obj)
        if kind.resource == CUSTOM:
            self.delete_collection(described(obj).resource, options=options)
        return _served(kind)(self._deletion.delete(stored_kind, obj, grace=grace, propagation=propagation))

    def delete_collection(
        self, resource: str, namespace: str = "", *, labels: str = "", fields: str = "", options: Write = IN_PROCESS
    ) -> Object:
        """Delete everything selected; returns the list of what was there."""
        listed = self.list(resource, namespace, labels=labels, fields=fields)
        for obj in listed["items"]:
            self.delete(resource, meta(obj)["name"], meta(obj).get("namespace", ""), options=options)
        return listed

    def bind(self, name: str, namespace: str, node: str) -> None:
        """Give a pod to a node, as the scheduler does. Raises StatusError 404, 409."""
        kind = self.kind("pods")
        pod = self._stored(kind, name, namespace)
        if at(pod, "spec.nodeName"):
            raise conflict(kind, name, f'pod {name} is already assigned to node "{at(pod, "spec.nodeName")}"')
        bound = pod | {"metadata": dict(pod["metadata"]), "spec": pod["spec"] | {"nodeName": node}}
        condition = {"type": "PodScheduled", "status": "True", "lastTransitionTime": timestamp(self._now())}
        others = [each for each in at(pod, "status.conditions") or () if each["type"] != "PodScheduled"]
        bound["status"] = pod["status"] | {"conditions": [*others, condition]}
        self.storage.put(kind.resource, key_of(pod), bound)

    def kind(self, resource: str, subresource: str = "") -> Kind:
        """The kind behind a resource. Raises StatusError 404 when it, or its subresource, is not served."""
        kind = self.kinds.get(resource)
        known = kind and (not subresource or (subresource == "status" and kind.status))
        if kind is None or not (known or (subresource == "scale" and kind.scale)):
            raise no_such_resource()
        return kind

    # How a write goes

    def _stored(self, kind: Kind, name: str, namespace: str) -> Object:
        obj = self.storage.get(kind.stored_as or kind.resource, (namespace if kind.namespaced else "", name))
        if obj is None:
            raise not_found(kind, name)
        return obj

    def _decoded(self, kind: Kind, obj: Object, options: Write) -> tuple[Kind, Object]:
        """The object as its stored kind, without nulls and unknown fields. Raises StatusError 400."""
        clean = typed(kind, obj, options)
        if kind.stored_as:
            return BY_RESOURCE[kind.stored_as], to_core(clean)
        return kind, clean

    def _create(self, kind: Kind, new: Object, namespace: str, options: Write) -> Object:
        metadata.place(kind, new, namespace)
        metadata.stamp(kind, new, self._now())
        self._require_namespace(kind, new)
        rules = RULES.get(kind.resource, NO_RULES)
        rules.default(new)
        if "managedFields" not in meta(new):
            managed_fields.record(kind, {}, new, "", options.manager, self._now())
        rules.create(new)
        _refuse(kind, new, [*metadata.check(kind, new), *rules.check(new)])
        self._admit(kind, None, new, "", options)
        if self.storage.get(kind.resource, key_of(new)) is not None:
            raise already_exists(kind, meta(new)["name"])
        if kind.resource == SERVICES:
            _refuse(kind, new, self._allocation.assign(new, None))
        if options.dry_run:
            return new
        stored = self.storage.put(kind.resource, key_of(new), new)
        self._deletion.collect_without_owner(kind, stored)
        if kind.name == "Namespace":
            self._create_default_account(meta(stored)["name"])
        return stored

    def _replace(self, kind: Kind, old: Object, new: Object, subresource: str, options: Write) -> Object:
        given = meta(new).get("resourceVersion", "")
        if given not in ("", "0") and given != meta(old)["resourceVersion"]:
            raise conflict(kind, meta(old)["name"])
        if not given and kind.name == "Lease":
            _refuse(kind, old, [wrong("metadata.resourceVersion", 0, "must be specified for an update")])
        new = _subresource(kind, old, new, subresource)
        applied = new["metadata"].get("managedFields")
        rules = RULES.get(kind.resource, NO_RULES)
        if subresource != "status":
            rules.update(new, old)
        rules.default(new)
        metadata.carry(kind, old, new)
        changes = metadata.check_update(new, old)
        _refuse(kind, old, [*changes, *metadata.check(kind, new), *changes, *_problems(kind, old, new, subresource)])
        self._admit(kind, old, new, subresource, options)
        if applied is None or applied == meta(old).get("managedFields"):
            managed_fields.record(kind, old, new, subresource, options.manager, self._now())
        if kind.resource == SERVICES and not subresource:
            _refuse(kind, new, self._allocation.assign(new, old))
        return self._finish(kind, old, new, options)

    def _admit(self, kind: Kind, old: Object | None, new: Object | None, subresource: str, options: Write) -> None:
        """Ask the admission policies. Raises StatusError 4xx."""
        if subresource == "scale":
            old, new = old and to_scale(old), new and to_scale(new)
        self._admission.review(Request(kind, subresource, old, new, options.user, options.dry_run), options.warn)

    def _finish(self, kind: Kind, old: Object, new: Object, options: Write) -> Object:
        if new == old:
            return old
        if options.dry_run:
            return new
        if self._deletion.is_due(kind, new):
            self._deletion.remove(kind, new)
            return new
        return self.storage.put(kind.resource, key_of(new), new)

    def _apply(self, kind: Kind, name: str, patch: Any, namespace: str, subresource: str, options: Write) -> Object:
        require_manager(options.manager)
        wanted = typed(kind, patch, options)
        metadata.place(kind, wanted, namespace)
        if wanted["metadata"].setdefault("name", name) != name:
            raise bad_request(
                f"the name of the object ({meta(wanted)['name']}) does not match the name on the URL ({name})"
            )
        old = self.storage.get(kind.resource, key_of(wanted))
        if meta(wanted).get("resourceVersion") and old is None:
            raise conflict(kind, name)
        new = apply(kind, old, wanted, subresource, options, self._now())
        if old is None:
            return self._create(kind, new, namespace, options)
        return self._replace(kind, old, new, subresource, options)

    def _rescale(self, kind: Kind, scale: Object, namespace: str, options: Write) -> Object:
        old = self._stored(kind, meta(scale).get("name", ""), namespace)
        return self._replace(kind, old, from_scale(kind, old, scale), "scale", options)

    def _require_namespace(self, kind: Kind, new: Object) -> None:
        name = meta(new).get("namespace", "")
        if not kind.namespaced:
            return
        namespace = self.storage.get("namespaces", ("", name))
        if namespace is None:
            raise not_found(BY_RESOURCE["namespaces"], name)
        if "deletionTimestamp" in meta(namespace):
            raise metadata.terminating(kind, meta(new).get("name", ""), name)

    def _create_default_account(self, namespace: str) -> None:
        if self.storage.get("serviceaccounts", (namespace, "default")) is None:
            manager = Write(manager="kube-controller-manager")
            self.create("serviceaccounts", {"metadata": {"name": "default"}}, namespace, options=manager)


def _served(kind: Kind) -> Callable[[Object], Object]:
    """How stored objects look through that kind."""
    return from_core if kind.stored_as else _as_it_is


def _chosen(kind: Kind, labels: str, fields: str) -> Predicate:
    """The selectors on stored objects, which may be spelled otherwise than they are served."""
    chosen = select(kind, labels, fields)
    return (lambda obj: chosen(from_core(obj))) if kind.stored_as else chosen


def _as_it_is(obj: Object) -> Object:
    return obj


def _subresource(kind: Kind, old: Object, new: Object, subresource: str) -> Object:
    """What a write may touch: everything but the status, or the status and metadata alone."""
    if not kind.status:
        return new
    if subresource != "status":
        kept = {"status": copied(old["status"])} if "status" in old else {}
        return {name: value for name, value in new.items() if name != "status"} | kept
    kept = {name: copied(value) for name, value in old.items() if name not in ("metadata", "status")}
    return kept | {"metadata": new["metadata"], "status": new.get("status", {})}


def _problems(kind: Kind, old: Object, new: Object, subresource: str) -> "list[Cause]":
    rules = RULES.get(kind.resource, NO_RULES)
    if subresource == "status":
        return rules.check_status(new)
    return [*rules.check(rules.checked_again(new, old)), *rules.check_update(new, old)]


def _refuse(kind: Kind, obj: Object, causes: "list[Cause]") -> None:
    if causes:
        raise invalid(kind, meta(obj).get("name", ""), causes)


__all__ = ["APPLY", "JSON_PATCH", "MERGE_PATCH", "STRATEGIC_PATCH", "Verbs", "Write"]
