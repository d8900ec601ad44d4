"""What a listener can be told, as data: one table per protocol, from which requests, checks and answers are made.

A setting has the wire's name. Its default is what the cloud answers when it was never set; None means that it is then
left out. Names, ranges and defaults: CreateLoadBalancerTCPListener, ...UDPListener, ...HTTPListener,
...HTTPSListener and their Set and Describe counterparts in the SLB 2014-05-15 API reference.
"""

import inspect
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from yunsim.products.slb.state import Value


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting: its type, default, what is allowed (an inclusive range, words or a pattern) and its other names.

    `also` is one value more that is allowed.
    """

    name: str
    type: type[Value]
    default: Value | None = None
    allowed: range | tuple[str, ...] | re.Pattern[str] | None = None
    answered_as: str = ""
    in_listener: bool = False
    also: Value | None = None

    @property
    def answer_name(self) -> str:
        """The name in answers."""
        return self.answered_as or self.name

    def allows(self, value: Value) -> bool:
        """Tell whether the value may be set."""
        if self.also is not None and value == self.also:
            return True
        if isinstance(self.allowed, re.Pattern):
            return self.allowed.fullmatch(str(value)) is not None
        return self.allowed is None or value in self.allowed


def _number(name: str, low: int, high: int, default: int | None = None, **more: Any) -> Setting:
    return Setting(name, int, default, range(low, high + 1), **more)


def _switch(name: str, default: str | None = "off", **more: Any) -> Setting:
    return Setting(name, str, default, ("on", "off"), **more)


def _words(name: str, *allowed: str, default: str | None = None, **more: Any) -> Setting:
    return Setting(name, str, default, allowed, **more)


def _text(name: str, pattern: str, default: str | None = None, **more: Any) -> Setting:
    return Setting(name, str, default, re.compile(pattern), **more)


OWN_PORT = -520
"""HealthCheckConnectPort that means each backend's own port: the lowest value in the API's metadata, and a constant of
github.com/kubernetes/cloud-provider-alibaba-cloud. It is answered where it was set; a listener without the setting
answers none."""

_BANDWIDTH = Setting("Bandwidth", int, -1, range(-1, 5121), in_listener=True)
_ANYWHERE = (
    _text("AclId", r"[\w,-]{1,255}", in_listener=True),
    _switch("AclStatus", in_listener=True),
    _words("AclType", "white", "black", in_listener=True),
    _number("BackendServerPort", 1, 65535, in_listener=True),
    _BANDWIDTH,
    _text("Description", r"[\w/.:\- ]{1,256}", "", in_listener=True),
    _text("VServerGroupId", r"[\w-]{1,64}", in_listener=True),
    _number("HealthCheckConnectPort", 1, 65535, also=OWN_PORT),
    _number("HealthyThreshold", 2, 10, 3),
    _number("UnhealthyThreshold", 2, 10, 3),
)
_DOMAIN = _text("HealthCheckDomain", r"|\$_ip|[A-Za-z0-9.-]{1,80}", "")
_URI = _text("HealthCheckURI", r"/[A-Za-z0-9\-/.%?#&=_]{0,79}", "/")
_HTTP_CODE = _text("HealthCheckHttpCode", r"http_[1-5]xx(,http_[1-5]xx)*", "http_2xx")
_LAYER_4 = (
    _switch("ConnectionDrain"),
    _number("ConnectionDrainTimeout", 10, 900),
    _switch("HealthCheckSwitch", "on", answered_as="HealthCheck"),
    _text("MasterSlaveServerGroupId", r"[\w-]{1,64}"),
    Setting("ProxyProtocolV2Enabled", bool, False),
)
_TCP = (
    *_ANYWHERE,
    *_LAYER_4,
    _number("EstablishedTimeout", 10, 900, 900),
    _number("HealthCheckConnectTimeout", 1, 300, 5),
    _DOMAIN,
    _HTTP_CODE,
    _number("HealthCheckInterval", 1, 50, 2),
    _words("HealthCheckType", "tcp", "http", default="tcp"),
    _URI,
    _number("PersistenceTimeout", 0, 3600, 0),
    _words("Scheduler", "wrr", "rr", "wlc", "sch", "tch", default="wrr", in_listener=True),
)
_UDP = (
    *_ANYWHERE,
    *_LAYER_4,
    _number("HealthCheckConnectTimeout", 1, 300, 10),
    _text("HealthCheckExp", r"[A-Za-z0-9]{1,64}"),
    _number("HealthCheckInterval", 1, 50, 5),
    _text("HealthCheckReq", r"[A-Za-z0-9]{1,64}"),
    _words("Scheduler", "wrr", "rr", "wlc", "sch", "tch", "qch", default="wrr", in_listener=True),
)
_LAYER_7 = (
    *_ANYWHERE,
    _text("Cookie", r"[^$,; ][^,; ]{0,199}"),
    _number("CookieTimeout", 1, 86400),
    _switch("Gzip", "on"),
    _switch("HealthCheck"),
    _DOMAIN,
    _HTTP_CODE,
    _number("HealthCheckInterval", 1, 50, 2),
    _words("HealthCheckMethod", "head", "get", default="head"),
    _number("HealthCheckTimeout", 1, 300, 5),
    _URI,
    _number("IdleTimeout", 1, 60, 15),
    _number("RequestTimeout", 1, 180, 60),
    _words("Scheduler", "wrr", "rr", "wlc", default="wrr", in_listener=True),
    _switch("StickySession"),
    _words("StickySessionType", "insert", "server"),
    _switch("XForwardedFor", "on"),
    _switch("XForwardedFor_ClientSrcPort"),
    _switch("XForwardedFor_SLBID"),
    _switch("XForwardedFor_SLBIP"),
    _switch("XForwardedFor_SLBPORT"),
    _switch("XForwardedFor_proto"),
)
_HTTP = (*_LAYER_7, _number("ForwardPort", 1, 65535), _switch("ListenerForward"))
_TLS_POLICIES = tuple(f"tls_cipher_policy_{name}" for name in ("1_0", "1_1", "1_2", "1_2_strict"))
_HTTPS = (
    *_LAYER_7,
    _text("CACertificateId", r"[\w-]{1,128}"),
    _switch("EnableHttp2", "on"),
    _text("ServerCertificateId", r"[\w-]{1,128}"),
    _words("TLSCipherPolicy", *_TLS_POLICIES, "tls_cipher_policy_1_2_strict_with_1_3", default=_TLS_POLICIES[0]),
)
PROTOCOLS: dict[str, dict[str, Setting]] = {
    protocol: {setting.name: setting for setting in settings}
    for protocol, settings in {"tcp": _TCP, "udp": _UDP, "http": _HTTP, "https": _HTTPS}.items()
}
"""Protocol to its settings by name."""

Action = Callable[..., dict[str, Any]]


def takes(protocol: str, *required: str, without: tuple[str, ...] = ()) -> Callable[[Action], Action]:
    """Give an action that ends in `**settings` one declared parameter for each setting of the protocol."""
    offered = [setting for setting in PROTOCOLS[protocol].values() if setting.name not in without]

    def declare(action: Action) -> Action:
        signature = inspect.signature(action)
        own = [each for each in signature.parameters.values() if each.kind is not inspect.Parameter.VAR_KEYWORD]
        more = [_parameter(setting, required=setting.name in required) for setting in offered]
        vars(action)["__signature__"] = signature.replace(parameters=[*own, *more])
        del action.__annotations__["settings"]
        action.__annotations__.update({each.name: each.annotation for each in more})
        return action

    return declare


def _parameter(setting: Setting, *, required: bool) -> inspect.Parameter:
    default = inspect.Parameter.empty if required else None
    hint = setting.type if required else setting.type | None
    return inspect.Parameter(setting.name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=hint)


def effective(protocol: str, settings: Mapping[str, Value]) -> dict[str, Value]:
    """Return what the cloud answers for these settings: as set, else the default, by the names of answers."""
    values = {each: settings.get(each.name, each.default) for each in PROTOCOLS[protocol].values()}
    return {each.answer_name: value for each, value in values.items() if value is not None}
