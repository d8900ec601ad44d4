"""The command line, as a process of its own."""

import json
import signal
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from yunsim import worldfile
from yunsim.cli import main

COMMAND = [sys.executable, "-m", "yunsim"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_server_says_where_it_is_in_one_line_and_stops_cleanly(tmp_path: Path, number: signal.Signals):
    world = tmp_path / "world.yaml"
    world.write_text("region: cn-beijing")
    command = [*COMMAND, "serve", "--listen", "127.0.0.1:0", "--world", str(world), "--rates", "real"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        line = server.stdout.readline()
        assert line.startswith("yunsim listening on http://127.0.0.1:")
        url = line.removeprefix("yunsim listening on ").strip()
        with urllib.request.urlopen(f"{url}/_yunsim/rates", timeout=5) as answer:
            assert json.load(answer)["rates"]["slb.*"] == 90
        server.send_signal(number)
        rest, errors = server.communicate(timeout=10)
    assert (server.returncode, rest, errors) == (0, "", "")


def test_an_address_in_use_is_explained(capsys: pytest.CaptureFixture[str]):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert main(["serve", "--listen", f"127.0.0.1:{port}"]) == 1
    assert f"cannot listen on 127.0.0.1:{port}" in capsys.readouterr().err


def test_a_world_file_that_cannot_be_used_is_explained(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    world = tmp_path / "world.yaml"
    world.write_text("regoin: x")
    assert main(["serve", "--listen", "127.0.0.1:0", "--world", str(world)]) == 1
    assert "did you mean region?" in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments", [["--listen", "8480"], ["--listen", "a:99999"], ["--latency", "x"], ["--rates", "x"]]
)
def test_a_wrong_command_line_is_explained(arguments: list[str], capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit) as ended:
        main(["serve", *arguments])
    assert ended.value.code == 2
    assert arguments[0] in capsys.readouterr().err


def test_the_default_world_is_printed_as_it_is_read(capsys: pytest.CaptureFixture[str]):
    assert main(["world"]) == 0
    assert worldfile.parse(capsys.readouterr().out) == worldfile.load()
