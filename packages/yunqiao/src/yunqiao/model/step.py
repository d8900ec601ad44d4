"""One intended change (or look) as a plain value, and the one function type that carries it out.

Everything around the cloud is a function from Send to Send: retried, throttled, logged, metered, dry-run.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

Reply = Mapping[str, Any]
"""The decoded JSON body of a successful answer, in the API's own field names."""


@dataclass(frozen=True, slots=True)
class Call:
    """One Alibaba Cloud API call.

    `params` holds the business parameters only, in the API's spelling, already flattened to strings
    (`Tag.1.Key`, JSON text where the API wants JSON): what goes on the wire, and what golden tests read.
    `lane` names what must not be written twice at once (a LoadBalancerId, a VpcId); reads leave it empty.
    """

    product: str
    action: str
    params: Mapping[str, str]
    why: str
    lane: str = ""
    write: bool = False


@dataclass(frozen=True, slots=True)
class Patch:
    """One patch of a Kubernetes object: a JSON merge patch (RFC 7386), or a strategic one.

    A `strategic` patch changes single entries of lists that have a key, such as one condition of a pod
    (https://kubernetes.io/docs/tasks/manage-kubernetes-objects/update-api-object-kubectl-patch/).
    """

    kind: str
    namespace: str
    name: str
    body: Mapping[str, Any]
    why: str
    subresource: str = ""
    strategic: bool = False


@dataclass(frozen=True, slots=True)
class Deletion:
    """The end of one Kubernetes object: of that `uid` and, if given, only as it was at that `resource_version`."""

    kind: str
    namespace: str
    name: str
    why: str
    uid: str
    resource_version: str = ""


Step = Call | Patch
Send = Callable[[Call], Awaitable[Reply]]


@dataclass(frozen=True, slots=True)
class Plan:
    """The steps whose preconditions hold now; after `again_after` seconds there may be more with nothing changed.

    `problems` are wishes that no step can fulfil, each in words for its owner; `blocked` are those that somebody
    else stands in the way of (a port that another Service holds), who may step aside without a word.
    `due` is given while backends are leaving: in so many seconds the next of them may go, infinite when that is not a
    matter of time. All else is done by then.
    """

    steps: tuple[Call, ...] = ()
    again_after: float | None = None
    problems: tuple[str, ...] = ()
    blocked: tuple[str, ...] = ()
    due: float | None = None

    @property
    def unfulfilled(self) -> tuple[str, ...]:
        """Every wish that no step can fulfil now."""
        return (*self.problems, *self.blocked)
