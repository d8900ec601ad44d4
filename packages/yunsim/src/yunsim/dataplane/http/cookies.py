"""How an HTTP client stays with its backend: by a cookie of the listener's own, or by one of the backend's.

The listener's own is SERVERID and lives for the timeout from its first response; a backend's cookie lives as long as
the backend says, and the value it gave is lost
(https://www.alibabacloud.com/help/en/slb/faq-about-session-persistence). What the values look like is not documented:
here it is a digest of the backend, and for SERVERID the second in which it was given.
"""

import hashlib
import time
from collections.abc import Iterable
from functools import lru_cache

from yunsim.dataplane.engine import Backend, Stickiness
from yunsim.dataplane.http.messages import Request, Response
from yunsim.dataplane.pool import Target

INSERTED = "SERVERID"


def recall(stickiness: Stickiness, request: Request, targets: Iterable[Target]) -> Target | None:
    """The backend that the client's cookie names, if it takes new requests and the cookie is not too old."""
    digest, _, given = request.cookie(stickiness.cookie or INSERTED).partition("|")
    if not digest or (stickiness.timeout and not _fresh(given, stickiness.timeout)):
        return None
    return next((target for target in targets if target.accepts and _digest(target.backend) == digest), None)


def remember(stickiness: Stickiness, request: Request, response: Response, target: Target) -> None:
    """Let the response name its backend: in the backend's cookie, or in our own where the client's does not."""
    digest = _digest(target.backend)
    if stickiness.cookie:
        response.overwrite_cookie(stickiness.cookie, digest)
    elif recall(stickiness, request, [target]) is None:
        value = f"{INSERTED}={digest}|{int(time.time())}; Max-Age={stickiness.timeout}; Path=/"
        response.set_cookie = value.encode()


def _fresh(given: str, timeout: int) -> bool:
    return given.isdecimal() and int(given) + timeout > time.time()


@lru_cache(maxsize=4096)
def _digest(backend: Backend) -> str:
    name = f"{backend.key} {backend.address} {backend.port}"
    return hashlib.sha256(name.encode()).hexdigest()[:32]
