"""The note that a Service carries about itself, so that a restart need not look at everything at once.

One annotation: the object's UID, the balancer's id, a digest of all that was applied (backends included), and whether
a change is under way. It is marked dirty before the first call of a change and clean after the last one. A note with
another UID came along with a copy or a restored backup and says nothing. Even a clean note that matches only says
that a look can wait: every Service is looked at within a stated time all the same.
"""

import json
from collections.abc import Mapping
from typing import Any

import msgspec

from yunqiao.model.balancer import Balancer, Group
from yunqiao.model.cluster import Service
from yunqiao.model.keys import digest

ANNOTATION = "yunqiao/record"


class Record(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is written; `applied` is empty while nothing has been applied in full.

    `attempt` names one attempt to make a balancer, from its first call until it is done, restarts included: it is part
    of the ClientToken, so that a repeated call makes no second balancer, and a later one does not ask for one that is
    gone.
    """

    uid: str
    attempt: str = ""
    balancer: str = ""
    applied: str = ""
    dirty: bool = False


def read(service: Service) -> Record:
    """The Service's own note; one that is missing, unreadable or another object's says nothing."""
    try:
        record = msgspec.json.decode(service.metadata.annotations.get(ANNOTATION, ""), type=Record)
    except msgspec.MsgspecError:
        return Record(service.metadata.uid)
    return record if record.uid == service.metadata.uid else Record(service.metadata.uid)


def text(record: Record) -> str:
    """As it stands in the annotation."""
    return msgspec.json.encode(record).decode()


def applied(wanted: Balancer) -> str:
    """Digest of everything that is wanted: equal wishes give equal digests, in every process and version of Python."""
    groups = [(one.name, _backends(one)) for one in wanted.groups]
    listeners = [(one.port, one.protocol, one.description, one.group, one.attributes) for one in wanted.listeners]
    plain = [wanted.attributes, wanted.tags, groups, listeners]
    return digest(json.dumps(plain, sort_keys=True, separators=(",", ":")), length=20)


def _backends(group: Group) -> Any:
    if not isinstance(group.backends, tuple):
        return group.backends.value
    return [(one.server_id, one.server_ip, one.port, one.type, one.weight) for one in group.backends]


def asked(annotations: Mapping[str, str]) -> Mapping[str, Any]:
    """The annotations without our own note: what the Service's owner said."""
    return {key: value for key, value in annotations.items() if key != ANNOTATION}
