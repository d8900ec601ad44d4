"""The status that a hollow kubelet gives a pod, and what of a pod's spec it goes by.

https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/
"""

import hashlib
import re
from collections.abc import Iterable, Mapping
from typing import Any

from kubesim.hollow.conditions import set_condition
from kubesim.objects import Object, at

NGINX_PORT = 80
_SLEEP = re.compile(r"(?:^|[\s;&])sleep (\d+(?:\.\d+)?)s?$")


def declared_ports(pod: Object, protocol: str = "TCP") -> frozenset[int]:
    """The ports that the containers declare, and 80 for an nginx, which listens there whether it is declared or not."""
    ports: set[int] = set()
    for container in pod["spec"]["containers"]:
        ports |= {
            port["containerPort"] for port in container.get("ports") or () if port.get("protocol", "TCP") == protocol
        }
        if protocol == "TCP" and _image_name(container).startswith("nginx"):
            ports.add(NGINX_PORT)
    return frozenset(ports)


def probed_ports(pod: Object) -> frozenset[int]:
    """The ports that readiness probes ask at, by number."""
    probes = [container.get("readinessProbe") or {} for container in pod["spec"]["containers"]]
    ports = [(probe.get("httpGet") or probe.get("tcpSocket") or {}).get("port") for probe in probes]
    return frozenset(port for port in ports if isinstance(port, int))


def pre_stop_seconds(pod: Object) -> float:
    """Seconds for which the preStop hooks sleep, the longest of all containers; a hollow pod runs no other command.

    https://kubernetes.io/docs/concepts/containers/container-lifecycle-hooks/
    """
    hooks = [at(container, "lifecycle.preStop") or {} for container in pod["spec"]["containers"]]
    return max(map(_slept, hooks), default=0.0)


def _slept(hook: Object) -> float:
    command = " ".join(at(hook, "exec.command") or ())
    found = _SLEEP.search(command.strip())
    return float(at(hook, "sleep.seconds") or (found[1] if found else 0))


def named_ports(slices: Iterable[Object], address: str) -> frozenset[int]:
    """The TCP ports that EndpointSlices name for an address."""
    return frozenset(
        port["port"]
        for slice_ in slices
        if any(address in endpoint["addresses"] for endpoint in slice_.get("endpoints") or ())
        for port in slice_.get("ports") or ()
        if port.get("port") and port.get("protocol", "TCP") == "TCP"
    )


def set_running(
    pod: Object, *, address: str, host: str, since: str, now: str, ready: Mapping[str, bool], node_ready: bool
) -> None:
    """Write into a pod that its containers run; `ready` says which of them are, by name."""
    status = pod.setdefault("status", {})
    status |= {
        "phase": "Running",
        "hostIP": host,
        "hostIPs": [{"ip": host}],
        "podIP": address,
        "podIPs": [{"ip": address}],
    }
    status["startTime"] = status.get("startTime") or since
    status["containerStatuses"] = [
        _running(pod, each, since, ready[each["name"]]) for each in pod["spec"]["containers"]
    ]
    if pod["spec"].get("initContainers"):
        status["initContainerStatuses"] = [_completed(pod, each, since) for each in pod["spec"]["initContainers"]]
    set_condition(status, "PodReadyToStartContainers", "True", now)
    set_condition(status, "Initialized", "True", now)
    everything = all(ready.values())
    reason, message = _unready_words(ready)
    set_condition(status, "ContainersReady", str(everything), now, reason=reason, message=message)
    if everything and not _gates_open(pod):
        reason, message = "ReadinessGatesNotReady", "the status of a readiness gate is not True"
    if not node_ready:
        reason, message = "NodeNotReady", ""
    set_condition(status, "Ready", str(not reason), now, reason=reason, message=message)
    if at(pod, "spec.nodeName"):
        set_condition(status, "PodScheduled", "True", now)


def _unready_words(ready: Mapping[str, bool]) -> tuple[str, str]:
    unready = " ".join(name for name, value in ready.items() if not value)
    return ("ContainersNotReady", f"containers with unready status: [{unready}]") if unready else ("", "")


def _gates_open(pod: Object) -> bool:
    true = {each["type"] for each in at(pod, "status.conditions") or () if each["status"] == "True"}
    return all(gate["conditionType"] in true for gate in pod["spec"].get("readinessGates") or ())


def _running(pod: Object, container: Object, since: str, ready: bool) -> Object:
    return container_status(pod, container) | {
        "ready": ready,
        "started": True,
        "state": {"running": {"startedAt": since}},
    }


def _completed(pod: Object, container: Object, since: str) -> Object:
    ended: dict[str, Any] = {"exitCode": 0, "reason": "Completed", "startedAt": since, "finishedAt": since}
    return container_status(pod, container) | {"ready": True, "started": False, "state": {"terminated": ended}}


def container_status(pod: Object, container: Object) -> Object:
    """What every state of a container has."""
    image = container["image"]
    return {
        "name": container["name"],
        "image": image,
        "imageID": f"hollow://sha256:{_digest(image)}",
        "containerID": f"hollow://{_digest(pod['metadata']['uid'] + container['name'])}",
        "restartCount": 0,
        "lastState": {},
    }


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _image_name(container: Object) -> str:
    return str(container["image"]).rpartition("/")[2]
