"""Answers: JSON in the form that the Accept header asks for, with the server's headers.

https://kubernetes.io/docs/reference/using-api/api-concepts/#resource-encoding and #receiving-resources-as-tables
"""

import asyncio
import json
from collections.abc import Iterable
from typing import Any, Literal

from aiohttp import web

from kubesim.errors import StatusError
from kubesim.objects import Object

Form = Literal["object", "table", "metadata"]
JSON = "application/json"
BATCH = 200
"""Items of a list that are written before others have their turn."""
_FORMS: dict[str, Form] = {
    "Table": "table",
    "PartialObjectMetadata": "metadata",
    "PartialObjectMetadataList": "metadata",
}


def form_wanted(accept: str) -> Form:
    """The first form in the Accept header that can be served. Raises StatusError 406."""
    for choice in accept.split(",") if accept else ["*/*"]:
        media_type, *parameters = [part.strip() for part in choice.split(";")]
        named = dict(part.partition("=")[::2] for part in parameters)
        if media_type in (JSON, "*/*", "application/*") and named.get("as", "") in ("", *_FORMS):
            return _FORMS.get(named.get("as", ""), "object")
    types = "application/json, application/json;as=Table;v=v1;g=meta.k8s.io"
    message = f"only the following media types are accepted: {types}"
    raise StatusError(406, "NotAcceptable", message)


def dumps(body: Any) -> str:
    """JSON without spaces."""
    return json.dumps(body, separators=(",", ":"), ensure_ascii=False)


def answer(body: Any, *, status: int = 200, warnings: Iterable[str] = ()) -> web.Response:
    """A JSON answer; an object's kind and apiVersion come first, and items of a list go without."""
    return _warned(web.Response(text=dumps(presented(body)), status=status, content_type=JSON), warnings)


async def answer_list(listed: Object, *, warnings: Iterable[str] = ()) -> web.Response:
    """The same for a list of any length: other requests have their turn between every few hundred items."""
    members = "rows" if "rows" in listed else "items"
    shown = _item if listed["kind"].endswith("List") and "Partial" not in listed["kind"] else _whole
    texts = []
    for start in range(0, len(listed[members]), BATCH):
        texts.append(",".join(dumps(shown(item)) for item in listed[members][start : start + BATCH]))
        await asyncio.sleep(0)
    head = dumps({name: value for name, value in listed.items() if name != members})
    text = f'{head[:-1]},"{members}":[{",".join(texts)}]}}'
    return _warned(web.Response(text=text, content_type=JSON), warnings)


def _warned(response: web.Response, warnings: Iterable[str]) -> web.Response:
    for warning in warnings:
        quoted = warning.replace("\\", "\\\\").replace('"', '\\"')
        response.headers.add("Warning", f'299 - "{quoted}"')
    return response


def failure(error: StatusError) -> web.Response:
    """The answer to a request that was refused."""
    response = web.json_response(error.status(), status=error.code, dumps=dumps)
    seconds = (error.details or {}).get("retryAfterSeconds")
    if seconds:
        response.headers["Retry-After"] = str(seconds)
    return response


def presented(body: Any) -> Any:
    """An object or list as it goes out."""
    if not isinstance(body, dict) or "kind" not in body:
        return body
    first = {name: body[name] for name in ("kind", "apiVersion") if name in body}
    if body["kind"].endswith("List") and "items" in body:
        return first | body | {"items": [_item(item) for item in body["items"]]}
    return first | body


def partial(obj: Object) -> Object:
    """PartialObjectMetadata of an object."""
    return {"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": obj["metadata"]}


def partial_list(listed: Object) -> Object:
    """PartialObjectMetadataList of a list."""
    head = {"kind": "PartialObjectMetadataList", "apiVersion": "meta.k8s.io/v1", "metadata": listed["metadata"]}
    return head | {"items": [partial(item) for item in listed["items"]]}


def _whole(item: Object) -> Object:
    return item


def _item(item: Object) -> Object:
    return {name: value for name, value in item.items() if name not in ("kind", "apiVersion")}
