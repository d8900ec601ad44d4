"""POST, PUT, PATCH and DELETE: options from the query, the object from the body, the verb, the answer."""

from typing import cast, get_args

from aiohttp import hdrs, web

from kubesim.api.deletion import Propagation
from kubesim.api.options import FieldValidation, Write
from kubesim.api.patching import APPLY
from kubesim.api.verbs import Verbs
from kubesim.errors import bad_request, method_not_allowed
from kubesim.kinds import Kind
from kubesim.objects import Object, at, meta
from kubesim.server.answers import answer
from kubesim.server.bodies import read_object, read_patch
from kubesim.server.gate import USER
from kubesim.server.reading import warnings_for
from kubesim.server.target import Target

_DELETE_OPTIONS = Kind("meta.k8s.io", "v1", "DeleteOptions", "", "meta")
_BINDING = Kind("", "v1", "Binding", "bindings", "core")
_SCALE = Kind("autoscaling", "v1", "Scale", "scales", "autoscaling")


async def write(verbs: Verbs, target: Target, request: web.Request) -> web.Response:
    """Answer a write. Raises StatusError."""
    body = await request.read()
    if target.subresource in ("binding", "eviction"):
        return _post_to_pod(verbs, target, request, body)
    match request.method, bool(target.name):
        case "POST", False:
            return _post(verbs, target, request, body)
        case "PUT", True:
            return _put(verbs, target, request, body)
        case "PATCH", True:
            return _patch(verbs, target, request, body)
        case "DELETE", _ if not target.subresource:
            return _delete(verbs, target, request, body)
    raise method_not_allowed()


def _post(verbs: Verbs, target: Target, request: web.Request, body: bytes) -> web.Response:
    warnings = warnings_for(target)
    obj = read_object(body, _content_type(request), target.kind)
    made = verbs.create(target.kind.resource, obj, target.namespace, options=_options(request, warnings))
    return answer(made, status=201, warnings=warnings)


def _put(verbs: Verbs, target: Target, request: web.Request, body: bytes) -> web.Response:
    warnings = warnings_for(target)
    kind = _SCALE if target.subresource == "scale" else target.kind
    obj = read_object(body, _content_type(request), kind)
    name = meta(obj).get("name") or target.name
    if name != target.name:
        raise bad_request(f"the name of the object ({name}) does not match the name on the URL ({target.name})")
    options = _options(request, warnings)
    made = verbs.update(target.kind.resource, obj, target.namespace, subresource=target.subresource, options=options)
    return answer(made, warnings=warnings)


def _patch(verbs: Verbs, target: Target, request: web.Request, body: bytes) -> web.Response:
    warnings, content_type = warnings_for(target), _content_type(request)
    if content_type.startswith("application/apply-patch"):
        content_type = APPLY
    patch = read_patch(body, content_type)
    key = (target.namespace if target.kind.namespaced else "", target.name)
    fresh = content_type == APPLY and verbs.storage.get(target.kind.resource, key) is None
    made = verbs.patch(
        target.kind.resource,
        target.name,
        patch,
        content_type,
        target.namespace,
        subresource=target.subresource,
        options=_options(request, warnings, applies=content_type == APPLY),
    )
    return answer(made, status=201 if fresh else 200, warnings=warnings)


def _delete(verbs: Verbs, target: Target, request: web.Request, body: bytes) -> web.Response:
    asked = read_object(body, _content_type(request), _DELETE_OPTIONS, "apis.meta.v1.DeleteOptions") if body else {}
    options = _options(request, [], dry_run=asked.get("dryRun"))
    resource = target.kind.resource
    if not target.name:
        labels, fields = request.query.get("labelSelector", ""), request.query.get("fieldSelector", "")
        return answer(
            verbs.delete_collection(resource, target.namespace, labels=labels, fields=fields, options=options)
        )
    gone = verbs.delete(
        resource,
        target.name,
        target.namespace,
        uid=at(asked, "preconditions.uid") or "",
        resource_version=at(asked, "preconditions.resourceVersion") or "",
        propagation=_propagation(asked, request),
        grace=_grace(asked, request),
        options=options,
    )
    key = (meta(gone).get("namespace", ""), meta(gone)["name"])
    waits = verbs.storage.get(target.kind.stored_as or resource, key) is not None
    return answer(gone if target.kind.answers_deleted or waits else _success(target.kind, gone))


def _post_to_pod(verbs: Verbs, target: Target, request: web.Request, body: bytes) -> web.Response:
    if request.method != "POST" or target.kind.name != "Pod":
        raise method_not_allowed()
    if target.subresource == "eviction":
        verbs.delete("pods", target.name, target.namespace)
    else:
        binding = read_object(body, _content_type(request), _BINDING)
        verbs.bind(target.name, target.namespace, at(binding, "target.name") or "")
    return answer({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201}, status=201)


def _options(
    request: web.Request, warnings: list[str], *, applies: bool = False, dry_run: "list[str] | None" = None
) -> Write:
    query = request.query
    dry = query.getall("dryRun", []) or dry_run or []
    if any(value != "All" for value in dry):
        raise bad_request(f"invalid dryRun {dry}: supported values: All")
    validation = query.get("fieldValidation", "") or "Warn"
    if validation not in get_args(FieldValidation):
        raise bad_request(f"invalid fieldValidation {validation!r}: supported values: Ignore, Warn, Strict")
    agent = request.headers.get("User-Agent", "unknown").partition("/")[0]
    return Write(
        manager=query.get("fieldManager", "") or ("" if applies else agent[:128]),
        dry_run=bool(dry),
        force=query.get("force", "") in ("1", "true"),
        validation=cast("FieldValidation", validation),
        warn=warnings.append,
        user=request[USER],
    )


def _propagation(asked: Object, request: web.Request) -> Propagation:
    policy = request.query.get("propagationPolicy") or asked.get("propagationPolicy") or "Background"
    if policy not in get_args(Propagation):
        raise bad_request(f"invalid propagationPolicy {policy!r}: supported values: Background, Foreground, Orphan")
    return cast("Propagation", policy)


def _grace(asked: Object, request: web.Request) -> int | None:
    text = request.query.get("gracePeriodSeconds", "")
    given: int | None = int(text) if text.isdigit() else asked.get("gracePeriodSeconds")
    return given


def _success(kind: Kind, gone: Object) -> Object:
    details = {"name": meta(gone)["name"]} | ({"group": kind.group} if kind.group else {})
    details |= {"kind": kind.plural, "uid": meta(gone)["uid"]}
    return {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "details": details}


def _content_type(request: web.Request) -> str:
    return request.content_type if hdrs.CONTENT_TYPE in request.headers else ""
