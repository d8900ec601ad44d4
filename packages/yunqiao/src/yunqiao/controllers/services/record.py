"""The note that a Service carries about itself, so that a restart need not look at everything at once.

One annotation: the object's UID, the balancer's id, a digest of all that was applied (backends included), and whether
a change is under way. It is marked dirty before the first call of a change and clean after the last one. A note with
another UID came along with a copy or a restored backup and says nothing. Even a clean note that matches only says
that a look can wait: every Service is looked at within a stated time all the same.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec
from msgspec.structs import replace

from yunqiao.model.balancer import UNMANAGED, Absent, AccessList, Balancer, Group, Listener
from yunqiao.model.cluster import Service, as_builtins
from yunqiao.model.keys import digest

ANNOTATION = "yunqiao/record"
BALANCER_LABEL = "service.k8s.alibaba/loadbalancer-id"
HASH_LABEL = "service.beta.kubernetes.io/hash"


class Record(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is written; the digests are empty while nothing has been applied in full.

    `attempt` names one attempt to make a balancer, from its first call until it is done, restarts included: it is part
    of the ClientToken, so that a repeated call makes no second balancer, and a later one does not ask for one that is
    gone. `borrowed` says that the balancer is somebody else's. `applied` and `backends` are digests of the settings
    and of the backends. `asked` are the annotations (by suffix) and `tags` the tag keys that have been followed: when
    one goes, what it had set goes back to its default. `access` names the access control list of ours that there may
    be. `taken` is what the Service asked for when it was taken over from a controller that ignored parts of it.
    """

    uid: str
    attempt: str = ""
    balancer: str = ""
    borrowed: bool = False
    applied: str = ""
    backends: str = ""
    asked: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    access: str = ""
    taken: str = ""
    dirty: bool = False


def read(service: Service) -> Record:
    """The Service's own note; one that is missing, unreadable or another object's says nothing."""
    try:
        record = msgspec.json.decode(service.metadata.annotations.get(ANNOTATION, ""), type=Record)
    except msgspec.MsgspecError:
        return _blank(service)
    return record if record.uid == service.metadata.uid else _blank(service)


def _blank(service: Service) -> Record:
    """No note; a label of a balancer's id all the same says that the Service comes from another controller."""
    taken = service_hash(service) if BALANCER_LABEL in service.metadata.labels else ""
    return Record(service.metadata.uid, taken=taken)


def claimed(noted: Record, wanted: Balancer, seen: Balancer | Absent, followed: Sequence[str]) -> Record:
    """The note while a change is under way: what was followed and what is followed from now on, both may be there."""
    return replace(
        noted,
        dirty=True,
        balancer=seen.id if wanted.borrowed and isinstance(seen, Balancer) else noted.balancer,
        borrowed=wanted.borrowed or noted.borrowed,
        asked=_joined(noted.asked, followed),
        tags=_joined(noted.tags, wanted.tags.keys()),
        access=noted.access or _named(wanted.access),
    )


def done(noted: Record, wanted: Balancer, seen: Balancer, followed: Sequence[str]) -> Record:
    """The note when all of it has been applied; its digests are still to be filled in."""
    return Record(
        noted.uid,
        balancer=seen.id,
        borrowed=wanted.borrowed,
        asked=_joined(followed),
        tags=_joined(wanted.tags.keys()),
        access=_named(seen.access),
        taken=noted.taken,
    )


def _named(lists: Sequence[AccessList]) -> str:
    return next((one.name for one in lists), "")


def _joined(*some: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted({one for each in some for one in each}))


def text(record: Record) -> str:
    """As it stands in the annotation."""
    return msgspec.json.encode(record).decode()


def applied(wanted: Balancer) -> str:
    """Digest of all settings that are wanted: equal wishes give equal digests, in every process and Python."""
    groups = [(one.name, one.id) for one in wanted.groups]
    access = [(one.name, None if one.entries is UNMANAGED else sorted(one.entries)) for one in wanted.access]
    listeners = UNMANAGED.value if wanted.listeners is UNMANAGED else [_listener(one) for one in wanted.listeners]
    return _digest([wanted.attributes, wanted.tags, groups, listeners, access, wanted.hostname])


def backends(wanted: Balancer) -> str:
    """Digest of all backends that are wanted to stay."""
    return _digest([(one.name, one.id, _backends(one)) for one in wanted.groups])


def _digest(plain: Any) -> str:
    return digest(json.dumps(plain, sort_keys=True, separators=(",", ":")), length=20)


def _listener(one: Listener) -> Any:
    domains = [(each.name, each.certificate) for each in one.domains] if isinstance(one.domains, tuple) else None
    return (one.port, one.protocol, one.description, one.group, one.attributes, domains, one.access)


def _backends(group: Group) -> Any:
    if not isinstance(group.backends, tuple):
        return group.backends.value
    staying = (one for one in group.backends if not one.leaving)
    return [(one.server_id, one.server_ip, one.port, one.type, one.weight) for one in staying]


def asked(annotations: Mapping[str, str]) -> Mapping[str, Any]:
    """The annotations without our own note: what the Service's owner said."""
    return {key: value for key, value in annotations.items() if key != ANNOTATION}


def service_hash(service: Service) -> str:
    """Digest of what a Service asks for, in the incumbent's label and of its length (SHA-224, hex).

    The text that is hashed is ours, so a Service that changes hands is looked at in full once.
    """
    spec = service.spec
    wishes = [
        [(port.name, port.protocol, port.port, port.target_port, port.node_port) for port in spec.ports],
        spec.type,
        spec.external_traffic_policy,
        spec.load_balancer_class,
        asked(service.metadata.annotations),
        service.metadata.deletion_timestamp,
        spec.load_balancer_source_ranges,
        spec.session_affinity,
        as_builtins(spec.session_affinity_config),
    ]
    return hashlib.sha224(json.dumps(wishes, sort_keys=True).encode()).hexdigest()
