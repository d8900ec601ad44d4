"""Listeners: list, create, change, start, delete."""

from collections.abc import Mapping
from typing import Any

from yunqiao.cloud.clb import PRODUCT
from yunqiao.model.balancer import Listener
from yunqiao.model.step import Call, Reply

PAGE_SIZE = 100
_SHARED = (
    "AclId", "AclStatus", "AclType", "Bandwidth", "Scheduler",
    "HealthCheckConnectPort", "HealthCheckInterval", "HealthyThreshold", "UnhealthyThreshold",
)  # fmt: skip
_LAYER_4 = (
    *_SHARED, "ConnectionDrain", "ConnectionDrainTimeout", "ProxyProtocolV2Enabled", "HealthCheckSwitch",
    "HealthCheckConnectTimeout",
)  # fmt: skip
_LAYER_7 = (
    *_SHARED, "HealthCheck", "HealthCheckHttpCode", "HealthCheckURI", "HealthCheckDomain", "HealthCheckTimeout",
    "HealthCheckMethod", "Cookie", "CookieTimeout", "StickySession", "StickySessionType", "XForwardedFor_proto",
    "XForwardedFor_SLBPORT", "XForwardedFor_ClientSrcPort", "IdleTimeout", "RequestTimeout",
)  # fmt: skip
ATTRIBUTES: Mapping[str, tuple[str, ...]] = {
    "tcp": (
        *_LAYER_4, "PersistenceTimeout", "EstablishedTimeout", "HealthCheckType", "HealthCheckURI",
        "HealthCheckDomain", "HealthCheckHttpCode",
    ),
    "udp": _LAYER_4,
    "http": _LAYER_7,
    "https": (*_LAYER_7, "ServerCertificateId", "EnableHttp2", "TLSCipherPolicy"),
}  # fmt: skip
"""What may be set on a listener, by protocol, in the spelling of Set...ListenerAttribute."""

AT_CREATION: Mapping[str, tuple[str, ...]] = {"http": ("ListenerForward", "ForwardPort")}
"""What is given when a listener is made, and can be changed by making it anew only."""

_READ_AS = {(protocol, "HealthCheck"): "HealthCheckSwitch" for protocol in ("tcp", "udp")}
"""Layer 4 listeners answer HealthCheck for what is set as HealthCheckSwitch."""
_CREATED_AS = {(protocol, "HealthCheckInterval"): "healthCheckInterval" for protocol in ("tcp", "udp")}
"""The creating actions of layer 4 spell this parameter with a small h."""


def list_listeners(balancer_id: str, next_token: str = "") -> Call:
    """One page of an instance's listeners with their settings."""
    params = {"LoadBalancerId.1": balancer_id, "MaxResults": str(PAGE_SIZE)}
    if next_token:
        params["NextToken"] = next_token
    return Call(PRODUCT, "DescribeLoadBalancerListeners", params, f"list the listeners of {balancer_id}")


def read_listeners(reply: Reply) -> tuple[list[Listener], str]:
    """The listeners of a page and the token of the next page, empty at the end."""
    return [_listener(item) for item in reply.get("Listeners", [])], reply.get("NextToken") or ""


def create(balancer_id: str, listener: Listener, group_id: str, why: str) -> Call:
    """A new listener, stopped; its creation-only defaults give way to what is asked for."""
    protocol = listener.protocol
    settings = {_CREATED_AS.get((protocol, k), k): v for k, v in {**listener.birth, **listener.attributes}.items()}
    params = {
        "LoadBalancerId": balancer_id,
        "ListenerPort": str(listener.port),
        "VServerGroupId": group_id,
        "Description": listener.description,
        **settings,
    }
    return Call(PRODUCT, f"CreateLoadBalancer{protocol.upper()}Listener", params, why, lane=balancer_id, write=True)


def change(balancer_id: str, listener: Listener, group_id: str, why: str) -> Call:
    """Set a listener's settings: all that are known of it are sent, so that none falls back to a default."""
    params = {
        "LoadBalancerId": balancer_id,
        "ListenerPort": str(listener.port),
        "VServerGroup": "on",
        "VServerGroupId": group_id,
        "Description": listener.description,
        **bound({k: v for k, v in listener.attributes.items() if k in ATTRIBUTES[listener.protocol]}),
    }
    action = f"SetLoadBalancer{listener.protocol.upper()}ListenerAttribute"
    return Call(PRODUCT, action, params, why, lane=balancer_id, write=True)


def bound(settings: Mapping[str, str]) -> dict[str, str]:
    """Settings without the access control lists of a listener that has access control switched off.

    A list that a listener names cannot be deleted, whether it counts there or not.
    """
    off = ("AclId", "AclType") if settings.get("AclStatus") == "off" else ()
    return {name: value for name, value in settings.items() if name not in off}


def start(balancer_id: str, port: int, protocol: str, why: str) -> Call:
    """Let a stopped listener accept."""
    return _named("StartLoadBalancerListener", balancer_id, port, protocol, why)


def delete(balancer_id: str, port: int, protocol: str, why: str) -> Call:
    """Remove a listener; its connections end."""
    return _named("DeleteLoadBalancerListener", balancer_id, port, protocol, why)


def _named(action: str, balancer_id: str, port: int, protocol: str, why: str) -> Call:
    params = {"LoadBalancerId": balancer_id, "ListenerPort": str(port), "ListenerProtocol": protocol}
    return Call(PRODUCT, action, params, why, lane=balancer_id, write=True)


def _listener(item: Mapping[str, Any]) -> Listener:
    protocol = item["ListenerProtocol"].lower()
    fields = {**item, **item.get(f"{protocol.upper()}ListenerConfig", {})}
    if acl_ids := fields.get("AclIds") or str(fields.get("AclId") or "").split(","):
        fields["AclId"] = ",".join(sorted(acl_ids))
    named = {_READ_AS.get((protocol, name), name): value for name, value in fields.items()}
    known = (*ATTRIBUTES.get(protocol, ()), *AT_CREATION.get(protocol, ()))
    return Listener(
        port=int(item["ListenerPort"]),
        protocol=protocol,
        description=item.get("Description") or "",
        group=item.get("VServerGroupId") or "",
        attributes={name: _text(named[name]) for name in known if named.get(name) not in (None, "")},
        running=item.get("Status") == "running",
    )


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
