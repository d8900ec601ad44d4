"""What the data plane is told of HTTP and HTTPS listeners."""

from datetime import UTC, datetime
from typing import Any

import pytest

from yunsim.certificates import self_signed
from yunsim.dataplane.engine import Forwarded, Listener, Stickiness
from yunsim.products.slb.traffic import wanted


@pytest.fixture
def told(slb: Any, world: Any, balancer: str, group: str) -> Any:
    """`told(**settings)`: the engine's value of an HTTP listener with these settings, beside a stopped HTTPS one."""
    made = self_signed("shop.example.com", [], datetime(2030, 1, 1, tzinfo=UTC))
    own = slb("UploadServerCertificate", ServerCertificate=made.pem, PrivateKey=made.private_key)["ServerCertificateId"]
    secure = {"LoadBalancerId": balancer, "ListenerPort": 8443, "Bandwidth": -1, "VServerGroupId": group}
    slb("CreateLoadBalancerHTTPSListener", **secure, ServerCertificateId=own)

    def listener(**settings: Any) -> Listener:
        which = {"LoadBalancerId": balancer, "ListenerPort": 80}
        slb("CreateLoadBalancerHTTPListener", **which, VServerGroupId=group, **settings)
        slb("StartLoadBalancerListener", **which, ListenerProtocol="http")
        (found,) = wanted(world)
        return found

    return listener


def test_without_settings_layer_7_does_as_documented(told: Any) -> None:
    found = told()
    assert (found.idle_timeout, found.request_timeout, found.redirect_port) == (15.0, 60.0, 0)
    assert (found.stickiness, found.forwarded, found.tls) == (None, Forwarded(), None)


@pytest.mark.parametrize(
    ("settings", "name", "value"),
    [
        ({"IdleTimeout": 7}, "idle_timeout", 7.0),
        ({}, "gzip", True),
        ({"Gzip": "off"}, "gzip", False),
        ({"RequestTimeout": 8}, "request_timeout", 8.0),
        ({"XForwardedFor": "off"}, "forwarded", Forwarded(address=False)),
        ({"ListenerForward": "on", "ForwardPort": 8443}, "redirect_port", 8443),
        ({"ListenerForward": "off", "ForwardPort": 8443}, "redirect_port", 0),
        (
            {"StickySession": "on", "StickySessionType": "insert", "CookieTimeout": 9},
            "stickiness",
            Stickiness(timeout=9),
        ),
        (
            {"StickySession": "on", "StickySessionType": "server", "Cookie": "shop", "CookieTimeout": 9},
            "stickiness",
            Stickiness(cookie="shop"),
        ),
    ],
)
def test_a_setting_is_told(told: Any, settings: dict[str, Any], name: str, value: Any) -> None:
    assert getattr(told(**settings), name) == value
