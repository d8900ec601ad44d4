"""Do Services of type LoadBalancer have what they ask for? One line each for those that do not; `explain` tells why."""

from collections.abc import Iterator

from yunqiao.controllers.services.identity import wants_balancer
from yunqiao.controllers.services.publish import CONDITION
from yunqiao.controllers.services.triggers import key_of
from yunqiao.install.findings import Finding, broken, ok, unchecked, warning
from yunqiao.install.permissions import SERVICE
from yunqiao.install.sight import Cluster, no_objects
from yunqiao.model.cluster import Service
from yunqiao.model.errors import Trouble
from yunqiao.settings import Settings

NONE = "none of type LoadBalancer"


def services(cluster: Cluster | Trouble, settings: Settings) -> Iterator[Finding]:
    """How many there are, and each that waits in vain."""
    if SERVICE not in settings.controllers:
        yield ok("Services", "not looked after: --controllers has no service")
        return
    if isinstance(cluster, Trouble) or isinstance(cluster.services, Trouble):
        yield unchecked("Services", no_objects(cluster, "services"))
        return
    balanced = [one for one in cluster.services if one.spec.type == "LoadBalancer"]
    ours = [one for one in balanced if wants_balancer(one)]
    others = f", {len(balanced) - len(ours)} of another class" if len(ours) < len(balanced) else ""
    served = sum(not why_not(one) for one in ours)
    yield ok("Services", f"{len(ours)} of type LoadBalancer, {served} of them served{others}" if balanced else NONE)
    for one in ours:
        explain = f"yunqiao explain service {key_of(one)}"
        if one.metadata.deletion_timestamp:
            yield warning(f"Service {key_of(one)}", f"is going since {one.metadata.deletion_timestamp}", explain)
        elif why := why_not(one):
            yield broken(f"Service {key_of(one)}", why, explain)


def why_not(service: Service) -> str:
    """Why a Service is not served, by its own status; empty when it is."""
    synced = next((one for one in service.status.conditions if one.type == CONDITION), None)
    if synced is not None and synced.status == "False":
        return f"{CONDITION} is False: {synced.message}"
    return "" if service.status.load_balancer.ingress else "it has no address yet"
