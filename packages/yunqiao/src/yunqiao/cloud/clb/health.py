"""What the health checks of an instance say of each backend, by listener."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from yunqiao.cloud.clb import PRODUCT
from yunqiao.model.balancer import slot_of
from yunqiao.model.step import Call, Reply

Status = Literal["normal", "abnormal", "unavailable"]
"""normal: answers its checks; abnormal: does not; unavailable: is not checked (or not yet)."""
STATUSES: Mapping[str, Status] = {"normal": "normal", "abnormal": "abnormal"}


@dataclass(frozen=True, slots=True)
class Health:
    """One backend behind one listener; `slot` is the listener's (model.balancer.slot_of)."""

    slot: tuple[int, str]
    server_id: str
    server_ip: str
    port: int
    status: Status


def describe(balancer_id: str) -> Call:
    """The health of all backends of all listeners of an instance."""
    why = f"ask for the health of the backends of {balancer_id}"
    return Call(PRODUCT, "DescribeHealthStatus", {"LoadBalancerId": balancer_id}, why)


def read(reply: Reply) -> tuple[Health, ...]:
    """What was said; a status of another name counts as unavailable."""
    return tuple(
        Health(
            slot=slot_of(int(item["ListenerPort"]), str(item.get("Protocol", "")).lower()),
            server_id=item["ServerId"],
            server_ip=item.get("ServerIp", ""),
            port=int(item.get("Port", 0)),
            status=STATUSES.get(item.get("ServerHealthStatus", ""), "unavailable"),
        )
        for item in reply.get("BackendServers", {}).get("BackendServer", [])
    )
