"""`NET=kernel`: instances are network namespaces, and packets between nodes go where the route table says."""

import json
import signal
import subprocess
from pathlib import Path

WORKER, ROUTER = "sandbox-i-bp1worker00000000001", "sandbox-vpc-bp1sandbox00000000001"


def test_pods_reach_each_other_once_there_are_routes_and_not_while_a_node_is_down(user) -> None:
    user.needs_private(routed=True)
    before = names()
    ended = user.run("yunqiao", "demo", "--net", "kernel", "--output", "json")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    result = json.loads(ended.stdout)
    assert (result["true"], result["net"]) == (True, "kernel")
    for words in (
        "nobody answers, as long as",
        "both ways",
        "exactly the Custom entries",
        "though there",
        "switched the check",
        "any more",
        "ready again",
    ):
        assert any(words in fact for fact in result["facts"]), words
    assert user.none_left()
    assert not list(user.folder.iterdir())
    assert names() == before


def names() -> set[str]:
    """The namespaces that this machine has names for."""
    return {path.name for path in Path("/run/netns").glob("*")}


def test_an_ordinary_user_has_it_too_and_a_crash_leaves_nothing(ordinary, sandbox) -> None:
    ordinary.needs_private(routed=True)
    with sandbox(ordinary, "kernel") as (process, told):
        assert told["net"] == "kernel"
        entering = ["yunqiao", "sandbox", "--enter", "--"]
        named = ordinary.run(*entering, "ip", "netns").stdout
        assert {WORKER, ROUTER} <= set(named.split())
        route = ordinary.run(*entering, "ip", "-n", WORKER, "route").stdout
        assert route.startswith("default via 10.0.15.253 dev eth0")
        asked = [str(ordinary.python), "-c", ASK]
        answered = ordinary.run(*entering, "ip", "netns", "exec", WORKER, *asked)
        assert answered.stdout == "i-bp1worker00000000001", answered.stderr
        process.send_signal(signal.SIGKILL)
        assert ordinary.none_left()


ASK = """
import urllib.request
url = "http://100.100.100.200/latest/meta-data/instance-id"
print(urllib.request.urlopen(url, timeout=5).read().decode(), end="")
"""


def test_pods_with_interfaces_of_their_own_follow_no_routes(user) -> None:
    ended = user.run("yunqiao", "sandbox", "--net", "kernel", "--pods", "interfaces")
    assert ended.returncode == 2
    assert "--pods interfaces goes with --net loopback or private" in ended.stderr


def test_without_iproute2_it_is_said_what_to_install(user) -> None:
    ended = subprocess.run([user.python, "-c", WITHOUT], capture_output=True, text=True, timeout=20, check=True)
    assert "install the package iproute2" in ended.stdout


WITHOUT = """
import shutil
shutil.which = lambda *_, **__: None
from yunqiao.cli.sandboxed.namespace import why_not
print(why_not(routed=True))
"""
