"""What the demo shows of the controller's log, and how its lines look."""

import io
from pathlib import Path

from yunqiao.cli.sandboxed.telling import CallsTold, Teller

CALL = "2026-01-01 10:00:00,000 INFO yunqiao.cloud: {} ({}) 8 ms {} (RequestId 1)\n"


def test_columns_line_up_and_an_empty_table_is_nothing() -> None:
    out = io.StringIO()
    Teller(out).table([["a", "1"], ["long", "2"]])
    Teller(out).table([])
    assert out.getvalue().splitlines() == ["         a     1", "         long  2"]


def test_without_a_terminal_there_is_no_colour() -> None:
    out = io.StringIO()
    Teller(out).verdict(true=False, text="it was so")
    assert out.getvalue() == "         ✗ it was so\n"


def test_a_quiet_teller_says_nothing() -> None:
    out = io.StringIO()
    Teller(out, quiet=True).chapter("One")
    assert out.getvalue() == ""


def test_each_call_is_told_once_with_its_why_and_half_a_line_waits(tmp_path: Path) -> None:
    log, out = tmp_path / "log", io.StringIO()
    told = CallsTold(log, Teller(out))
    whole, half = CALL.format("CreateLoadBalancer", "none is there (yet)", "ok"), "2026-01-01 10:00:01,000 INFO yunq"
    log.write_text(whole + half)
    told.tell()
    told.tell()
    assert told.count == 1
    assert out.getvalue().split() == ["CreateLoadBalancer", "8", "ms", "none", "is", "there", "(yet)"]
    log.write_text(whole + CALL.format("DeleteLoadBalancer", "it is to go", "Throttling"))
    told.tell()
    assert told.count == 2
    assert "it is to go  Throttling" in out.getvalue()


def test_lines_that_are_no_calls_are_left_out(tmp_path: Path) -> None:
    log, out = tmp_path / "log", io.StringIO()
    log.write_text("2026-01-01 10:00:00,000 INFO yunqiao.kube.lease: leading\n")
    CallsTold(log, Teller(out)).tell()
    assert out.getvalue() == ""
