"""A running yunsim as a value: where it is, the key that it takes, and its control (the paths below /_yunsim/)."""

import json
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.error import HTTPError
from urllib.parse import quote

_SECONDS = 10.0
"""How long a control request may take."""


class ControlError(Exception):
    """A control request that the server refused, in the server's words."""


@dataclass(frozen=True, slots=True)
class Yunsim:
    """A server at `url`; clients of the cloud take `endpoint` (host and port) with the scheme http.

    Every method is one control request; all raise ControlError when it is refused and OSError when nobody answers.
    """

    url: str
    key_id: str
    secret: str = field(repr=False)
    region: str = "cn-hangzhou"

    @property
    def endpoint(self) -> str:
        """Host and port, as SDKs want an endpoint."""
        return self.url.partition("://")[2]

    def reset(self) -> None:
        """Make everything as it was at the start: resources, clock, faults, rates, calls."""
        self._ask("POST", "reset")

    def fault(self, kind: str, **settings: Any) -> int:
        """Let something go wrong (`kind` and settings: yunsim.faults) and return the fault's id."""
        return int(self._ask("POST", "faults", {"kind": kind} | settings)["id"])

    def heal(self, fault_id: int | None = None) -> None:
        """Remove a fault, or all."""
        self._ask("DELETE", "faults" if fault_id is None else f"faults?id={fault_id}")

    def calls(self, since: int = 0) -> list[dict[str, Any]]:
        """Return the journal's calls after that number, each with product, action, params and outcome."""
        found: list[dict[str, Any]] = self._ask("GET", f"calls?since={since}")["calls"]
        return found

    def state(self) -> dict[str, Any]:
        """Return all resources, and what the data plane makes of them."""
        return self._ask("GET", "state")

    def advance(self, seconds: float) -> None:
        """Move the world's time."""
        self._ask("POST", "clock", {"advance": seconds})

    def rates(self, rates: str | Mapping[str, int]) -> None:
        """Limit calls: "real", "none", or calls a minute by pattern."""
        self._ask("POST", "rates", {"rates": rates})

    def busy(self, **seconds: float) -> None:
        """Set how long a write keeps its resource busy: `slb` for balancers, `vpc` for a VPC's routes."""
        self._ask("POST", "busy", seconds)

    def lock(self, instance_id: str, *reasons: str) -> None:
        """Lock an ECS instance for these reasons ("financial", "security") and no other; none: it is not locked."""
        self._ask("POST", "locks", {instance_id: list(reasons)})

    def quotas(self, **quotas: int | None) -> dict[str, int]:
        """Set how much there may be, by the names in Quota Center (None: the default again), and return all quotas."""
        found: dict[str, int] = self._ask("POST", "quotas", quotas)["quotas"]
        return found

    def put(self, **sections: list[dict[str, Any]]) -> None:
        """Put things into the world: instances, interfaces, load_balancers ... as a world file has them."""
        self._ask("POST", "world", sections)

    def remove(self, resource_id: str) -> None:
        """Take such a thing out of the world at once, whoever uses it."""
        self._ask("DELETE", f"world?id={quote(resource_id)}")

    def _ask(self, method: str, path: str, body: Any = None) -> dict[str, Any]:
        content = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.url}/_yunsim/{path}", data=content, method=method)  # noqa: S310 - http
        try:
            with urllib.request.urlopen(request, timeout=_SECONDS) as answer:  # noqa: S310 - http alone, see above
                read: dict[str, Any] = json.load(answer)
                return read
        except HTTPError as refused:
            with refused:
                text = refused.read().decode(errors="replace")
            raise ControlError(f"{method} {refused.url}: {text}") from None
