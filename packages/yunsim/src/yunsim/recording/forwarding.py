"""A recorder: an endpoint that passes every call on to the real cloud and writes down what was asked and answered.

A request of the older protocol is passed on as it came, signature and all: its signature does not cover the host. One
of the newer protocol (ACS3) signs the host, which the client took this endpoint for; so it is signed anew, with the key
of the account's owner. Answers are passed back unchanged.
"""

import json
import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl

import aiohttp
from aiohttp import web
from yarl import URL

from yunsim.calls import new_request_id
from yunsim.errors import ApiError
from yunsim.recording.redaction import Redaction
from yunsim.recording.tape import Exchange, Tape
from yunsim.signature import AccessKey, sign, string_to_sign_acs3
from yunsim.wire import Call, Request, error_body, read_call

_log = logging.getLogger(__name__)
_OF_THE_CONNECTION = {"accept-encoding", "connection", "content-length", "host", "keep-alive", "transfer-encoding"}
_SIGNED_HEADERS = re.compile(r"SignedHeaders=([^,\s]*)")
_NO_KEY = (
    "This request signs the host that it was sent to, which is not the cloud's, so it has to be signed anew: start"
    " yunsim record with ALIBABA_CLOUD_ACCESS_KEY_ID and ALIBABA_CLOUD_ACCESS_KEY_SECRET in its environment, or let"
    " the client use the older signature (HMAC-SHA1)."
)


@dataclass
class Recorder:
    """Passes calls on: `endpoints` are base URLs by product, else the region's own; `key` signs anew where it must."""

    session: aiohttp.ClientSession
    tape: Tape
    endpoints: Mapping[str, str]
    region: str
    key: AccessKey | None = None

    def __post_init__(self) -> None:
        self._redaction = Redaction()

    def application(self) -> web.Application:
        """Make the web application."""
        app = web.Application(client_max_size=4 * 1024 * 1024)
        app.router.add_route("*", "/", self.handle)
        return app

    async def handle(self, request: web.Request) -> web.Response:
        """Pass one call on; what cannot be is answered in the cloud's shape, with a code that begins with Yunsim."""
        headers = {name.lower(): value for name, value in request.headers.items()}
        asked = Request(request.method, request.raw_path, headers, await request.read())
        try:
            call = read_call(asked)
            upstream = self._upstream(call)
            return await self._passed_on(call, self._signed_for(asked, upstream), upstream)
        except ApiError as error:
            body = error_body(error, new_request_id(), headers.get("host", ""))
            return web.json_response(body, status=error.status)

    def _upstream(self, call: Call) -> URL:
        region = call.params.get("RegionId") or self.region
        return URL(self.endpoints.get(call.product, f"https://{call.product}.{region}.aliyuncs.com"))

    def _signed_for(self, asked: Request, upstream: URL) -> Request:
        host = upstream.host_port_subcomponent or ""
        if "authorization" not in asked.headers or asked.headers.get("host") == host:
            return asked
        if self.key is None:
            raise ApiError(400, "Yunsim.CannotSign", _NO_KEY)
        return signed_anew(asked, host, self.key)

    async def _passed_on(self, call: Call, asked: Request, upstream: URL) -> web.Response:
        headers = {name: value for name, value in asked.headers.items() if name not in _OF_THE_CONNECTION}
        url = URL(f"{upstream.origin()}{asked.target}", encoded=True)
        try:
            async with self.session.request(
                asked.method, url, headers=headers, data=asked.body or None, allow_redirects=False
            ) as answer:
                content = await answer.read()
        except (aiohttp.ClientError, TimeoutError) as error:
            text = f"{upstream.origin()} did not answer: {type(error).__name__}; nothing was recorded of this call."
            _log.warning("%s: %s", call.action, text)
            raise ApiError(502, "Yunsim.NoAnswer", text) from error
        self._record(call, answer.status, content)
        kept = {name: value for name, value in answer.headers.items() if name.lower().startswith("x-acs-")}
        return web.Response(status=answer.status, body=content, headers=kept, content_type=answer.content_type)

    def _record(self, call: Call, status: int, content: bytes) -> None:
        self.tape.write(
            Exchange(
                number=self.tape.last + 1,
                time=datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
                product=call.product,
                action=call.action,
                params=self._redaction.params(call.params),
                status=status,
                body=self._redaction.value(_data(content)),
            )
        )


def signed_anew(request: Request, host: str, key: AccessKey) -> Request:
    """Sign an ACS3 request for another host, with another key; all else stays as the client sent it."""
    headers = {**request.headers, "host": host}
    named = _SIGNED_HEADERS.search(headers["authorization"])
    signed = set(named[1].split(";") if named else ()) | {"host"}
    for name, value in (("x-acs-security-token", key.token), ("x-acs-accesskey-id", key.id if key.token else "")):
        headers.pop(name, None)
        signed.discard(name)
        if value:
            headers[name] = value
            signed.add(name)
    path, _, query = request.target.partition("?")
    names = ";".join(sorted(signed))
    pairs = parse_qsl(query, keep_blank_values=True)
    text = string_to_sign_acs3(request.method, path or "/", pairs, headers, names, request.body)
    signature = sign("ACS3-HMAC-SHA256", text, key.secret)
    headers["authorization"] = f"ACS3-HMAC-SHA256 Credential={key.id},SignedHeaders={names},Signature={signature}"
    return replace(request, headers=headers)


def _data(content: bytes) -> Any:
    try:
        return json.loads(content)
    except ValueError:
        return content.decode(errors="replace")
