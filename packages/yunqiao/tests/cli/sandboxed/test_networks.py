"""The option --net and the environment variable NET."""

import argparse

import pytest

from yunqiao.cli.sandboxed.networks import add_option, settle


def parsed(*arguments: str) -> str:
    parser = argparse.ArgumentParser()
    add_option(parser)
    return str(parser.parse_args(arguments).net)


def test_loopback_is_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NET", raising=False)
    assert parsed() == "loopback"
    monkeypatch.setenv("NET", "")
    assert parsed() == "loopback"


def test_the_environment_chooses_and_the_option_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NET", "private")
    assert parsed() == "private"
    assert parsed("--net", "auto") == "auto"


@pytest.mark.parametrize("source", ["option", "environment"])
def test_another_word_is_refused_wherever_it_comes_from(
    source: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("NET", "bridge" if source == "environment" else "loopback")
    with pytest.raises(SystemExit, match="2"):
        parsed(*(["--net", "bridge"] if source == "option" else []))
    said = capsys.readouterr().err
    assert "'bridge'" in said
    assert "loopback, private, auto, kernel" in said


def test_on_loopback_there_is_nowhere_to_go() -> None:
    assert settle("loopback") is None
