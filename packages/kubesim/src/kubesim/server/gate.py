"""Before a request is answered: who asks, and may they do that."""

from datetime import datetime

from aiohttp import web

from kubesim.access.access import Access
from kubesim.access.attributes import Attributes, name_in_selector, of_path, verb_of
from kubesim.access.users import User
from kubesim.api.served import Served
from kubesim.api.verbs import Verbs
from kubesim.server import reviews
from kubesim.server.target import Target, parse
from kubesim.server.watching import is_watch

USER = web.RequestKey("user", User)
"""Where a request keeps who made it."""


def pass_gate(access: Access, kinds: Served, request: web.Request, now: datetime) -> User:
    """The user who asks, once it is clear that they may. Raises StatusError 401, 403, 404."""
    user = access.authenticate(request.headers.get("Authorization", ""), now)
    if access.enforced:
        access.require(user, attributes_of(request, kinds))
    return user


def require_creation(access: Access, user: User, verbs: Verbs, target: Target) -> None:
    """Refuse an apply that would create what its user may not create. Raises StatusError 403."""
    kind = target.kind
    key = (target.namespace if kind.namespaced else "", target.name)
    if access.enforced and verbs.storage.get(kind.stored_as or kind.resource, key) is None:
        access.require(user, Attributes("create", kind.group, kind.plural, target.namespace, target.name))


def attributes_of(request: web.Request, kinds: Served) -> Attributes:
    """What a request wants. Raises StatusError 404 for a resource that is not served."""
    reviewed = reviews.KINDS.get(request.path)
    if reviewed is not None:
        return Attributes(verb_of(request.method, "", watch=False), reviewed.group, reviewed.plural)
    parts = [part for part in request.path.split("/") if part]
    if parts[:1] not in (["api"], ["apis"]) or len(parts) < (3 if parts[0] == "api" else 4):
        return of_path(request.method, request.path)
    target = parse(request.path, kinds)
    kind = target.kind
    verb = verb_of(request.method, target.name, watch=is_watch(request))
    name = target.name or (name_in_selector(request.query) if verb in ("list", "watch", "deletecollection") else "")
    resource = kind.plural + (f"/{target.subresource}" if target.subresource else "")
    namespace = target.name if kind.name == "Namespace" else target.namespace
    return Attributes(verb, kind.group, resource, namespace, name)
