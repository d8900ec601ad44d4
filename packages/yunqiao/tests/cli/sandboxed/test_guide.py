"""What a sandbox tells its user: the same facts as JSON and as text."""

import io
import json
from pathlib import Path

import pytest

from yunqiao.cli.sandboxed.guide import explain, facts
from yunqiao.cli.sandboxed.namespace import Namespace
from yunqiao.cli.sandboxed.sandbox import Sandbox
from yunqiao.cli.sandboxed.telling import Teller

CLOUD, CLUSTER = "http://127.0.0.1:8480", "https://127.0.0.1:6443"


async def start_nothing() -> None:
    pass


def told(namespace: Namespace | None, **changed: object) -> tuple[dict[str, object], str]:
    box = Sandbox(Path("/tmp/box"), CLOUD, CLUSTER, [], namespace, start_nothing)
    out, known = io.StringIO(), facts(box) | changed
    explain(Teller(out), known)
    return json.loads(json.dumps(known)), out.getvalue()


def test_clients_are_told_where_everything_is() -> None:
    known, text = told(None)
    assert known["kubeconfig"] == "/tmp/box/kubeconfig"
    assert known["sdk"]["endpoint"] == "127.0.0.1:8480"
    for fact in (CLOUD, CLUSTER, "export KUBECONFIG=/tmp/box/kubeconfig", "endpoint='127.0.0.1:8480'"):
        assert fact in text


def test_on_loopback_there_is_nothing_to_enter() -> None:
    known, text = told(None)
    assert (known["net"], known["enter"], known["nsenter"]) == ("loopback", [], [])
    assert "nsenter" not in text


@pytest.mark.parametrize(("has_users", "way"), [(True, "--user --preserve-credentials --net"), (False, "--net")])
def test_of_a_private_network_both_ways_in_are_told(has_users: bool, way: str) -> None:
    known, text = told(Namespace(4711, has_users))
    assert (known["net"], known["pid"]) == ("private", 4711)
    assert f"nsenter --target 4711 {way} " in text
    assert "yunqiao sandbox --enter -- kubectl get nodes" in text


def test_where_machines_are_namespaces_it_is_told_how_to_go_into_one() -> None:
    known, text = told(Namespace(4711, has_users=False, routed=True))
    assert known["net"] == "kernel"
    assert "nsenter --target 4711 --net --mount " in text
    assert "ip netns exec sandbox-i-bp1worker00000000001 bash" in text
    assert "ip -n sandbox-vpc-bp1sandbox00000000001 route show table all proto 100" in text


def test_whoever_may_not_open_low_ports_is_told_where_they_are() -> None:
    assert "curl http://EXTERNAL-IP:20080/" in told(None, ports={"lowest": 1024, "shift": 20000})[1]
    assert "20080" not in told(None, ports={"lowest": 1, "shift": 20000})[1]
