"""What is refused of listeners and their settings, and where that is documented (see rules.py for the codes)."""

import re
from collections.abc import Mapping

from yunsim.errors import ApiError
from yunsim.products.slb import acl_rules, certificate_rules, rules
from yunsim.products.slb.quotas import quota
from yunsim.products.slb.rules import invalid, missing, one_of
from yunsim.products.slb.settings import PROTOCOLS
from yunsim.products.slb.state import Listener, LoadBalancer, Value
from yunsim.world import World


def listener(found: LoadBalancer, port: int, protocol: str) -> Listener:
    """Return the listener (common: ListenerNotFound).

    Without a protocol the port must be that of one listener (DeleteLoadBalancerListener: TooManyListeners).
    """
    candidates = listener_on(found, port, protocol)
    if len(candidates) > 1:
        raise ApiError(400, "TooManyListeners", "More than 1 listener is found, please be more specified.")
    return candidates[0]


def listener_on(found: LoadBalancer, port: int, protocol: str) -> list[Listener]:
    """Return the listeners on a port, of which there must be one (common: ListenerNotFound).

    Clients know a missing listener by the beginning of the message.
    """
    candidates = [each for each in found.listeners.values() if each.port == port and protocol in ("", each.protocol)]
    if not candidates:
        raise ApiError(
            404,
            "ListenerNotFound",
            "The specified resource does not exist: You have not created a listener for the specified port"
            f" of the load balancer ({protocol or 'any protocol'} {port} of {found.id}).",
        )
    return candidates


def port_free(world: World, found: LoadBalancer, protocol: str, port: int) -> None:
    """Refuse a second listener on a port (common: ListenerAlreadyExists), and too many (VipTooManyListeners).

    TCP, HTTP and HTTPS share ports; UDP has its own.
    """
    if any(each.port == port and (each.protocol == "udp") == (protocol == "udp") for each in found.listeners.values()):
        raise ApiError(400, "ListenerAlreadyExists", "A listener with the specified port already exists")
    most = quota(world, "slb_quota_listeners_num")
    if len(found.listeners) >= most:
        raise ApiError(
            400, "VipTooManyListeners", f"The total number of input listeners exceeds max supported number: {most}"
        )


def values(protocol: str, given: Mapping[str, Value]) -> None:
    """Check each setting's value against its table (the pages of the listener actions)."""
    for name, value in given.items():
        setting = PROTOCOLS[protocol][name]
        if not setting.allows(value) or (name, value) == ("Bandwidth", 0):
            also = "" if setting.also is None else f", or {setting.also}"
            raise invalid(name, value, _described(setting.allowed) + also)


def complete(given: Mapping[str, Value]) -> None:
    """Refuse a setting without the one that it demands (the pages of the listener actions)."""
    for switch, on, needed in _DEMANDS:
        if given.get(switch) == on and needed not in given:
            raise missing(needed, f"{switch} is {on}")
    if given.get("StickySession") == "on":
        needed = "CookieTimeout" if given["StickySessionType"] == "insert" else "Cookie"
        if needed not in given:
            raise missing(needed, f"StickySessionType is {given['StickySessionType']}")


_DEMANDS = (
    ("AclStatus", "on", "AclId"),
    ("AclStatus", "on", "AclType"),
    ("ConnectionDrain", "on", "ConnectionDrainTimeout"),
    ("ListenerForward", "on", "ForwardPort"),
    ("StickySession", "on", "StickySessionType"),
)


def _described(allowed: range | tuple[str, ...] | re.Pattern[str] | None) -> str:
    if isinstance(allowed, range):
        return f"{allowed.start} to {allowed.stop - 1}"
    if isinstance(allowed, tuple):
        return "one of " + ", ".join(allowed)
    return f"text of the form {allowed.pattern}" if allowed else "anything"


def group_switch(switch: str, given: Mapping[str, Value]) -> None:
    """Check `VServerGroup` of a Set action: on demands a VServerGroupId, off takes the listener off its group."""
    if switch:
        one_of("VServerGroup", switch, ("on", "off"))
    if switch == "on" and "VServerGroupId" not in given:
        raise missing("VServerGroupId", "VServerGroup is on")


def scheduler_change(found: Listener, given: Mapping[str, Value]) -> None:
    """Refuse to go from taking turns to consistent hashing or back (Scheduler of the Set actions; code not named)."""
    before, after = (str(each.get("Scheduler", "wrr")) for each in (found.settings, {**found.settings, **given}))
    if (before in HASHING) != (after in HASHING):
        raise invalid("Scheduler", after, f"of the kind that the listener has, which is {before}; make it anew instead")


HASHING = ("sch", "tch", "qch")


def not_dry(*, dry_run: bool) -> None:
    """End a dry run that all checks have passed (error code DryRunOperation, as the `DryRun` parameter says)."""
    if dry_run:
        raise ApiError(400, "DryRunOperation", "Request validation has been passed with DryRun flag set.")


def forward(owner: LoadBalancer, given: Mapping[str, Value]) -> None:
    """Refuse to forward to what is no HTTPS listener of the balancer (CreateLoadBalancerHTTPListener)."""
    if given.get("ListenerForward") == "on" and ("https", given["ForwardPort"]) not in owner.listeners:
        raise ApiError(
            400,
            "InvalidParameter",
            "The specified ListenerPort or ForwardPort is invalid:"
            f" {owner.id} has no HTTPS listener on port {given['ForwardPort']}.",
        )


def not_forwarded_to(owner: LoadBalancer, found: Listener) -> None:
    """Refuse to delete what another listener forwards to (DeleteLoadBalancerListener: ListenerForwardExist)."""
    forwarded = {each.settings["ForwardPort"] for each in owner.listeners.values() if _forwards(each)}
    if found.protocol == "https" and found.port in forwarded:
        raise ApiError(
            400,
            "ListenerForwardExist",
            "The specified listener is forwarded by the other listener, the ListenerForward relationship should be"
            " deleted firstly.",
        )


def _forwards(each: Listener) -> bool:
    return each.settings.get("ListenerForward") == "on"


def target(world: World, owner: LoadBalancer, listener: Listener | None, given: Mapping[str, Value]) -> None:
    """Refuse a listener that forwards to nothing, or to what is not there (BackendServerPort, VServerGroupId)."""
    group_id = given.get("VServerGroupId")
    if group_id is not None and group_id not in owner.groups:
        raise ApiError(404, "InvalidParameter", "The specified VServerGroupId does not exist.")
    reached = ("VServerGroupId", "BackendServerPort", "MasterSlaveServerGroupId")
    if given.get("ListenerForward") != "on" and not any(name in given for name in reached):
        raise missing("BackendServerPort", "VServerGroupId is not set")
    if "ServerCertificateId" in given:
        certificate(world, str(given["ServerCertificateId"]))
    if "CACertificateId" in given:
        certificate_rules.ca_certificate(world, str(given["CACertificateId"]))
    forward(owner, given)
    acl_rules.attachable(world, owner, listener, str(given.get("AclId", "")))


def bound(given: Mapping[str, Value]) -> dict[str, Value]:
    """Return the settings that a listener keeps: without access control it is bound to no list.

    Not documented; but a list that is bound cannot be deleted, and nothing else than switching it off could unbind it.
    """
    off = () if given.get("AclStatus") == "on" else ("AclId", "AclType")
    return {name: value for name, value in given.items() if name not in off}


def certificate(world: World, certificate_id: str) -> None:
    """Refuse a certificate that is not there (ServerCertificateId; status and code not documented)."""
    if certificate_id not in rules.state(world).certificates:
        raise ApiError(
            404, "InvalidParameter", f"The specified ServerCertificateId does not exist: {certificate_id!r}."
        )
