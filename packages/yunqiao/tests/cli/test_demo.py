"""`yunqiao demo` in each network: all of it is true, and it leaves nothing behind."""

import json
import os
import shutil
import signal
import time

import pytest


@pytest.mark.parametrize("net", ["loopback", "private"])
def test_all_of_it_is_true(net: str, user) -> None:
    if net == "private":
        user.needs_private()
    ended = user.run("yunqiao", "demo", "--net", net, "--output", "json")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    result = json.loads(ended.stdout)
    assert (result["true"], result["net"]) == (True, net)
    assert any("own address" in fact for fact in result["facts"]) == (net == "private")
    assert user.none_left()
    assert not list(user.folder.iterdir())


@pytest.mark.parametrize("net", ["loopback", "private"])
def test_a_demo_that_is_stopped_from_the_keyboard_leaves_nothing(net: str, user) -> None:
    if net == "private":
        user.needs_private()
    process = user.start("yunqiao", "demo", "--net", net)
    while not user.processes() and process.poll() is None:
        time.sleep(0.02)
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does: everybody in the foreground gets it
    _, said = process.communicate(timeout=20)
    assert (process.returncode, said) == (1, "yunqiao demo: stopped by a signal\n")
    assert not user.processes()
    assert not list(user.folder.iterdir())


FORBIDDEN = 'echo 0 > /proc/sys/user/max_net_namespaces && exec "$@"'
"""Run in a user namespace, where such a limit is its own; its users may make no network from then on."""


def test_where_the_system_forbids_it_the_setting_and_its_cure_are_named(user) -> None:
    if not shutil.which("unshare"):
        pytest.skip("needs the program unshare (Debian package util-linux) to make a system that forbids namespaces")
    command = [str(user.python.with_name("yunqiao")), "demo", "--net", "private"]
    ended = user.run("/usr/bin/env", "unshare", "--user", "--map-root-user", "sh", "-c", FORBIDDEN, "sh", *command)
    if "unshare:" in ended.stderr:
        pytest.skip(f"this system forbids user namespaces altogether: {ended.stderr}")
    assert ended.returncode == 1
    assert "user.max_net_namespaces is 0" in ended.stderr
    assert "sysctl -w user.max_net_namespaces=15000" in ended.stderr
