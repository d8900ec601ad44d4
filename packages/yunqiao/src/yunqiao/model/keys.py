"""Our mark on what we make: `k8s/<port>/<service>/<namespace>/<cluster>`, the incumbent's format.

Listeners carry it as their description, server groups as their name, backends as their description. One function
makes such keys and one reads them. The cloud takes 80 characters of `[A-Za-z0-9-/._]`: a longer key keeps its five
parts, but its service part (and, if that is not enough, its namespace and cluster parts) is cut and ends in `.` and
8 characters of digest over the whole, so that two long names never meet.
"""

import base64
import hashlib
from dataclasses import dataclass

LONGEST = 80
_PREFIX = "k8s"
_DIGEST = 8


def digest(*parts: str, length: int) -> str:
    """Lower-case base32 of SHA-256 over the parts, cut to `length`; a separator keeps ("a", "bc") from ("ab", "c")."""
    whole = hashlib.sha256("\0".join(parts).encode()).digest()
    return base64.b32encode(whole).decode().lower()[:length]


@dataclass(frozen=True, slots=True)
class Key:
    """A key as read: its parts may have been cut when it was made, so ask an Owner whether it is theirs."""

    port: str
    service: str
    namespace: str
    cluster: str


@dataclass(frozen=True, slots=True)
class Owner:
    """One Service of one cluster: who a key speaks of."""

    service: str
    namespace: str
    cluster: str

    def key(self, port: int | str) -> str:
        """The mark for a port: a listener's port, or a group's node port (or target port)."""
        whole = f"{_PREFIX}/{port}/{self.service}/{self.namespace}/{self.cluster}"
        if len(whole) <= LONGEST:
            return whole
        tail = "." + digest(whole, length=_DIGEST)
        room = LONGEST - len(f"{_PREFIX}/{port}///") - len(tail)
        cluster = self.cluster[: max(1, min(len(self.cluster), room - 2))]
        namespace = self.namespace[: max(1, min(len(self.namespace), room - len(cluster) - 1))]
        service = self.service[: max(1, room - len(cluster) - len(namespace))]
        return f"{_PREFIX}/{port}/{service}{tail}/{namespace}/{cluster}"

    def owns(self, text: str) -> bool:
        """Whether that mark is ours, in full (as the incumbent writes it) or cut."""
        key = read(text)
        if key is None:
            return False
        whole = (key.service, key.namespace, key.cluster) == (self.service, self.namespace, self.cluster)
        return whole or text == self.key(key.port)


def read(text: str) -> Key | None:
    """Read a mark; None for anything else, which is then somebody's own."""
    parts = text.split("/")
    if len(parts) != 5 or parts[0] != _PREFIX or not all(parts):
        return None
    return Key(*parts[1:])


def balancer_name(service_uid: str) -> str:
    """The name and ownership tag value of a Service's balancer: `a` and the UID without dashes, 32 characters."""
    return ("a" + service_uid.replace("-", ""))[:32]


def cluster_id(kube_system_uid: str) -> str:
    """A cluster's id when none is configured: from the UID of kube-system, so that no two clusters share it."""
    return digest(kube_system_uid, length=10)
