"""The command line of `yunqiao doctor`, and what it does on a terminal."""

import json

import pytest

from yunqiao.cli.doctor import main


@pytest.fixture
def nowhere(tmp_path, monkeypatch):
    """Flags with which nothing can be looked at."""
    monkeypatch.setenv("COLUMNS", "60")
    return ["--network=vcp", f"--kubeconfig={tmp_path / 'none'}"]


def test_json_is_all_that_programs_get(nowhere, capsys):
    assert main([*nowhere, "-o", "json"]) == 2
    out, err = capsys.readouterr()
    assert json.loads(out)["exitCode"] == 2
    assert err == ""


def test_a_terminal_gets_colour_progress_and_lines_that_fit(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", "60")
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    config = tmp_path / "cloud-config.conf"
    config.write_text('{"Global": {"accessKeyID": "?"}}')
    assert main([f"--kubeconfig={tmp_path / 'none'}", f"--cloud-config={config}"]) == 2
    out, err = capsys.readouterr()
    assert "\033[31mbroken" in out
    assert err.startswith("\r\033[Klooking at the cluster ...")
    assert err.endswith("\r\033[K")


@pytest.mark.parametrize("wrong", [["-o"], ["--output=xml"], ["--kubconfig=x"], ["service"]])
def test_a_wrong_command_line_says_what_is_right(wrong, capsys):
    assert main(wrong) == 2
    out, err = capsys.readouterr()
    assert (out, "usage: yunqiao doctor" in err) == ("", True)
