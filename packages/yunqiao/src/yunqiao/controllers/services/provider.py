"""A few functions under a name: one kind of load balancer, as the story in reconcile.py needs it.

CLB is one; a second kind is a second value of this type, and one line in PROVIDERS.
"""

from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from yunqiao.controllers.services.ages import Place
from yunqiao.controllers.services.asked import Asked, Needs
from yunqiao.controllers.services.clb.addresses import addresses
from yunqiao.controllers.services.clb.directory import Directory
from yunqiao.controllers.services.clb.fold import fold, stumble
from yunqiao.controllers.services.clb.health import healthy
from yunqiao.controllers.services.clb.options import borrowing, fields, given, keeps, options
from yunqiao.controllers.services.clb.plan import plan
from yunqiao.controllers.services.clb.see import confirm, find, refresh, see
from yunqiao.controllers.services.clb.serving import serving
from yunqiao.controllers.services.clb.want import followed, needs, want
from yunqiao.controllers.services.identity import Identity, wants_balancer
from yunqiao.model.balancer import Absent, Balancer
from yunqiao.model.cluster import Ingress, Service
from yunqiao.model.errors import Trouble
from yunqiao.model.step import Call, Plan, Reply, Send
from yunqiao.options.declare import Parsed


@dataclass(frozen=True, slots=True)
class Provider:
    """How one kind of load balancer is asked for, looked at, planned and folded."""

    name: str
    takes: Callable[[Service], bool]
    fields: Callable[[], Iterable[str]]
    options: Callable[[Mapping[str, str]], Parsed[Any]]
    keeps: Callable[[Any], bool]
    borrowing: Callable[[Any], tuple[str, tuple[str, ...]]]
    given: Callable[[Parsed[Any]], Sequence[str]]
    followed: Callable[[Asked[Any]], Sequence[str]]
    needs: Callable[[Asked[Any]], Needs]
    want: Callable[[Asked[Any]], Balancer]
    directory: Callable[[Send], Directory]
    find: Callable[[Send, Identity, Sequence[Balancer]], Awaitable[Balancer | Absent]]
    see: Callable[[Send, Identity, Sequence[Balancer]], Awaitable[Balancer | Absent]]
    refresh: Callable[[Send, Identity, Balancer], Awaitable[Balancer]]
    confirm: Callable[[Send, Identity, Call], Awaitable[None]]
    addresses: Callable[[Send, Parsed[Any], Balancer], Awaitable[tuple[Sequence[Ingress], str]]]
    plan: Callable[[Balancer | Absent, Balancer | Absent, Identity, float], Plan]
    fold: Callable[[Balancer | Absent, Call, Reply], Balancer | Absent]
    stumble: Callable[[Balancer | Absent, Call, Trouble], Balancer | Absent | None]
    serving: Callable[[Asked[Any], Balancer], Mapping[str, float]]
    healthy: Callable[[Send, Balancer, Balancer, Identity], Awaitable[Collection[Place]]]


CLB = Provider(
    "CLB", wants_balancer, fields, options, keeps, borrowing, given, followed, needs, want, Directory, find, see,
    refresh, confirm, addresses, plan, fold, stumble, serving, healthy,
)  # fmt: skip
PROVIDERS = (CLB,)


def provider_of(service: Service) -> Provider:
    """The kind of balancer that a Service asks for; one that asks for none is cleaned up after as a CLB."""
    return next((one for one in PROVIDERS if one.takes(service)), CLB)
