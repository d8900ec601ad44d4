"""What users ask for: pods that shut down politely, and a balancer that reaches them in one of three ways."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

PREFIX = "service.beta.kubernetes.io/alibaba-cloud-loadbalancer-"
INTERVAL, THRESHOLD, TIMEOUT = 1, 2, 1
QUICK_CHECK = {
    PREFIX + "health-check-interval": str(INTERVAL),
    PREFIX + "healthy-threshold": str(THRESHOLD),
    PREFIX + "unhealthy-threshold": str(THRESHOLD),
    PREFIX + "health-check-connect-timeout": str(TIMEOUT),
}
DETECTION = THRESHOLD * (INTERVAL + TIMEOUT)
"""Seconds within which the balancer's health check takes out a server that is silent."""
PORT, POD_PORT = 8080, 8000


@dataclass(frozen=True, slots=True)
class Mode:
    """How a balancer reaches pods: by every node, by their own nodes, or directly."""

    name: str
    policy: str = "Cluster"
    weight: int = 100
    annotations: dict[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.name


CLUSTER, LOCAL = Mode("cluster"), Mode("local", "Local", weight=1)
ENI = Mode("eni", annotations={"service.beta.kubernetes.io/backend-type": "eni"})


def deployment(
    name: str,
    replicas: int,
    *,
    grace: int = 2,
    pre_stop: int = 1,
    min_ready: int = 0,
    surge: int = 1,
    gates: tuple[str, ...] = (),
) -> dict[str, Any]:
    """Pods that are ready when a probe says so, and somebody for each of `gates`; times in seconds.

    Without surge one goes before one comes.
    """
    container = {
        "name": "web",
        "image": "app:1",
        "ports": [{"containerPort": POD_PORT}],
        "readinessProbe": {"httpGet": {"path": "/", "port": POD_PORT}, "periodSeconds": 1},
        "lifecycle": {"preStop": {"sleep": {"seconds": pre_stop}}},
    }
    template = {
        "metadata": {"labels": {"app": name}},
        "spec": {
            "containers": [container],
            "terminationGracePeriodSeconds": grace,
            "readinessGates": [{"conditionType": gate} for gate in gates],
        },
    }
    spec = {
        "replicas": replicas,
        "minReadySeconds": min_ready,
        "selector": {"matchLabels": {"app": name}},
        "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": surge, "maxUnavailable": 1 - surge}},
        "template": template,
    }
    return {"metadata": {"name": name}, "spec": spec}


def service(name: str, mode: Mode, annotations: Mapping[str, str]) -> dict[str, Any]:
    """A Service of type LoadBalancer whose health checks are quick; annotations by their suffix."""
    asked = {PREFIX + suffix: value for suffix, value in annotations.items()}
    notes = {PREFIX + "address-type": "intranet", **QUICK_CHECK, **mode.annotations, **asked}
    spec = {
        "type": "LoadBalancer",
        "selector": {"app": name},
        "externalTrafficPolicy": mode.policy,
        "ports": [{"name": "web", "port": PORT, "targetPort": POD_PORT}],
    }
    return {"metadata": {"name": name, "annotations": notes}, "spec": spec}
