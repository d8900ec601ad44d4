"""`yunqiao sandbox` as its user has it: a process, its words, the way in, and nothing left behind."""

import json
import shutil
import signal
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path

import pytest

PLAYING = str(Path(__file__).with_name("playing.py"))


def test_in_a_private_network_addresses_and_ports_are_true_for_an_ordinary_user(ordinary, sandbox) -> None:
    ordinary.needs_private()
    with sandbox(ordinary, "private") as (process, told):
        assert (told["net"], told["ports"]["lowest"]) == ("private", 1)
        inside = ["sandbox", "--enter", "--", str(ordinary.python), PLAYING]
        entered = ordinary.run("yunqiao", *inside, "private", told["cloud"], told["kubeconfig"])
        assert entered.returncode == 0, entered.stderr
        seen = json.loads(entered.stdout)
        assert IPv4Address(seen["address"]) in IPv4Network("10.0.0.0/16")
        assert [seen["address"], seen["port"]] == seen["really"] == [seen["address"], 80]
        assert len(seen["answers"]) == 2
        assert all(answer == [pod] for pod, answer in seen["answers"].items())

        if nsenter := shutil.which("nsenter"):
            look = "import socket; socket.create_connection(('100.100.100.200', 80), 5).close()"
            entered = ordinary.run(nsenter, *told["nsenter"][1:], str(ordinary.python), "-c", look)
            assert entered.returncode == 0, entered.stderr

        assert len(ordinary.processes()) >= 3
        process.send_signal(signal.SIGKILL)
        assert ordinary.none_left()


def test_on_loopback_an_ordinary_user_is_told_where_low_ports_are_served(ordinary, sandbox) -> None:
    with sandbox(ordinary, "loopback") as (process, told):
        if told["ports"]["lowest"] <= 80:
            pytest.skip("this system lets every user open port 80")
        played = ordinary.run("python", PLAYING, "loopback", told["cloud"], told["kubeconfig"])
        assert played.returncode == 0, played.stderr
        seen = json.loads(played.stdout)
        assert seen["port"] == 80
        assert seen["really"] == [seen["address"], 80 + told["ports"]["shift"]]
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
        assert ordinary.none_left()
    assert not list(ordinary.folder.glob("yunqiao-sandbox-*"))


def test_a_command_without_enter_is_refused(user) -> None:
    ended = user.run("yunqiao", "sandbox", "kubectl", "get", "pods")
    assert ended.returncode == 2
    assert "--enter -- COMMAND" in ended.stderr


def test_there_is_no_way_into_a_sandbox_that_does_not_run(user) -> None:
    ended = user.run("yunqiao", "sandbox", "--enter")
    assert ended.returncode == 1
    assert "start one with `yunqiao sandbox --net private`" in ended.stderr
