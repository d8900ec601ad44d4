"""From an HTTP request to one API call, and from an error to the body that clients expect.

Pure: the request is a value, so both protocols can be read and tested without a socket. V1 carries everything in the
query or the form; ACS3 has action, version and proof in headers, and business fields in query and form. Business
fields of query and form are merged, because clients differ in where they put them.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NoReturn
from urllib.parse import parse_qsl

from yunsim.dispatch import PRODUCTS
from yunsim.errors import ApiError
from yunsim.signature import Proof, string_to_sign_acs3, string_to_sign_v1

_MOST_FIELDS = 10_000
_ENVELOPE = frozenset(
    {"AccessKeyId", "Action", "Format", "SecurityToken", "Signature", "SignatureMethod", "SignatureNonce"}
    | {"SignatureType", "SignatureVersion", "Timestamp", "Version"}
)
_AUTHORIZATION = re.compile(
    r"ACS3-HMAC-SHA256\s+Credential=(?P<key_id>[^,]*),\s*SignedHeaders=(?P<signed>[^,]*),\s*Signature=(?P<signature>\w*)"
)
_MUST_BE_SIGNED = frozenset(
    {"x-acs-action", "x-acs-version", "x-acs-date", "x-acs-signature-nonce", "x-acs-content-sha256"}
)


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request: `target` is path and query as on the request line, header names are in lower case."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class Call:
    """One API call: `product` is a key of PRODUCTS; `params` are the business fields; no `proof` if it is unsigned."""

    product: str
    action: str
    params: Mapping[str, str]
    proof: Proof | None


def read_call(request: Request) -> Call:
    """Read a request of either protocol; nothing is verified yet.

    Raises ApiError 400/404 with the gateway's codes: MissingAction, MissingTimestamp ..., InvalidVersion,
    IncompleteSignature, InvalidParameter (a field that is given twice).
    """
    path, _, query_text = request.target.partition("?")
    query, form = _pairs(query_text), _pairs(_form_text(request))
    fields = _merged(query + form)
    headers = request.headers
    action = headers.get("x-acs-action") or fields.get("Action") or _mandatory("Action")
    version = headers.get("x-acs-version") or fields.get("Version") or _mandatory("Version")
    if headers.get("authorization", "").startswith("ACS3"):
        proof: Proof | None = _proof_acs3(request, path or "/", query)
    else:
        proof = _proof_v1(request.method, fields)
    params = {name: value for name, value in fields.items() if name not in _ENVELOPE}
    return Call(_product(headers.get("host", ""), version), action, params, proof)


def error_body(error: ApiError, request_id: str, host: str, product: str = "") -> dict[str, str]:
    """Shape an error as the cloud's gateway does."""
    recommend = f"https://api.aliyun.com/troubleshoot?q={error.code}&product={product}&requestId={request_id}"
    return {
        "RequestId": request_id,
        "HostId": host,
        "Code": error.code,
        "Message": error.message,
        "Recommend": recommend,
    }


def _form_text(request: Request) -> str:
    is_form = request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded")
    return request.body.decode(errors="replace") if is_form else ""


def _pairs(text: str) -> list[tuple[str, str]]:
    try:
        return parse_qsl(text, keep_blank_values=True, max_num_fields=_MOST_FIELDS)
    except ValueError:
        raise ApiError(400, "InvalidParameter", f"A request has at most {_MOST_FIELDS} fields.") from None


def _merged(pairs: list[tuple[str, str]]) -> dict[str, str]:
    fields: dict[str, str] = {}
    for name, value in pairs:
        if name in fields:
            raise ApiError(
                400, "InvalidParameter", f'The specified parameter "{name}" is not valid: it is given twice.'
            )
        fields[name] = value
    return fields


def _mandatory(name: str) -> NoReturn:
    raise ApiError(400, f"Missing{name}", f"{name} is mandatory for this action.")


def _product(host: str, version: str) -> str:
    """Name the product: by the host's first label (`slb`, `ecs-cn-hangzhou`) where that is one, else by version."""
    named = host.partition(".")[0].partition("-")[0].lower()
    candidates = [named] if named in PRODUCTS else list(PRODUCTS)
    for product in candidates:
        if PRODUCTS[product].version == version:
            return product
    raise ApiError(400, "InvalidVersion", "Specified parameter Version is not valid.")


def _proof_v1(method: str, fields: Mapping[str, str]) -> Proof | None:
    if not fields.keys() & {"AccessKeyId", "Signature", "SignatureMethod"}:
        return None
    for name in ("AccessKeyId", "Signature", "Timestamp", "SignatureNonce"):
        if not fields.get(name):
            _mandatory(name)
    if fields.get("SignatureMethod", "HMAC-SHA1") != "HMAC-SHA1" or fields.get("SignatureType"):
        raise _incomplete("SignatureMethod must be HMAC-SHA1 and SignatureType empty.")
    return Proof(
        "HMAC-SHA1",
        key_id=fields["AccessKeyId"],
        nonce=fields["SignatureNonce"],
        timestamp=fields["Timestamp"],
        token=fields.get("SecurityToken", ""),
        signature=fields["Signature"],
        string_to_sign=string_to_sign_v1(method, fields),
    )


def _proof_acs3(request: Request, path: str, query: list[tuple[str, str]]) -> Proof:
    headers = request.headers
    parts = _AUTHORIZATION.fullmatch(headers["authorization"].strip())
    if parts is None:
        raise _incomplete("Authorization must be: ACS3-HMAC-SHA256 Credential=...,SignedHeaders=...,Signature=...")
    if unsigned := sorted(_MUST_BE_SIGNED - set(parts["signed"].split(";"))):
        raise _incomplete(f"SignedHeaders lacks {', '.join(unsigned)}.")
    return Proof(
        "ACS3-HMAC-SHA256",
        key_id=parts["key_id"],
        nonce=headers.get("x-acs-signature-nonce") or _mandatory("SignatureNonce"),
        timestamp=headers.get("x-acs-date") or _mandatory("Timestamp"),
        token=headers.get("x-acs-security-token", ""),
        signature=parts["signature"],
        string_to_sign=string_to_sign_acs3(request.method, path, query, headers, parts["signed"], request.body),
    )


def _incomplete(why: str) -> ApiError:
    text = "The request signature does not conform to Aliyun standards."
    return ApiError(400, "IncompleteSignature", f"{text} {why}")
