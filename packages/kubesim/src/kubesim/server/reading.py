"""GET of objects and lists, in the form the client wants."""

from collections.abc import Mapping
from datetime import datetime

from aiohttp import web

from kubesim.api.verbs import Verbs
from kubesim.errors import bad_request
from kubesim.objects import Object
from kubesim.server.answers import Form, answer, answer_list, form_wanted, partial, partial_list
from kubesim.server.tables import table
from kubesim.server.target import Target

ENDPOINTS_WARNING = "v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice"


def warnings_for(target: Target) -> list[str]:
    """What the server says about every request for such a resource."""
    return [ENDPOINTS_WARNING] if target.kind.resource == "endpoints" else []


async def read(verbs: Verbs, target: Target, request: web.Request, now: datetime) -> web.Response:
    """Answer a GET that is no watch. Raises StatusError."""
    form = form_wanted(request.headers.get("Accept", ""))
    include = request.query.get("includeObject", "Metadata")
    resource = target.kind.resource
    if target.name:
        obj = verbs.get(resource, target.name, target.namespace, subresource=target.subresource)
        return answer(in_form(target, obj, form, include, now), warnings=warnings_for(target))
    listed = verbs.list(resource, target.namespace, **_list_options(request.query))
    return await answer_list(_list_in_form(target, listed, form, include, now), warnings=warnings_for(target))


def in_form(target: Target, obj: Object, form: Form, include: str, now: datetime, *, headed: bool = True) -> Object:
    """One object as itself, as a table of one row, or as its metadata."""
    if form == "metadata":
        return partial(obj)
    if form == "table" and obj.get("kind") != "Scale":
        metadata = {"resourceVersion": obj["metadata"].get("resourceVersion", "")}
        return table(target.kind, [obj], metadata, include, now, headed=headed)
    return obj


def whole_number(query: Mapping[str, str], name: str) -> int:
    """A query parameter that counts something; 0 when absent. Raises StatusError 400."""
    text = query.get(name, "") or "0"
    if not text.isdigit():
        raise bad_request(f"query parameter {name} is {text!r}: a whole number is needed")
    return int(text)


def _list_in_form(target: Target, listed: Object, form: Form, include: str, now: datetime) -> Object:
    if form == "metadata":
        return partial_list(listed)
    return table(target.kind, listed["items"], listed["metadata"], include, now) if form == "table" else listed


def _list_options(query: Mapping[str, str]) -> Object:
    return {
        "labels": query.get("labelSelector", ""),
        "fields": query.get("fieldSelector", ""),
        "limit": whole_number(query, "limit"),
        "continue_": query.get("continue", ""),
        "resource_version": query.get("resourceVersion", ""),
        "resource_version_match": query.get("resourceVersionMatch", ""),
    }
