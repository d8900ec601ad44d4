"""A private sandbox is found by the card in its folder, as long as it runs."""

import json
import os
from pathlib import Path

import pytest

from yunqiao.cli.sandboxed.entering import CARD, FOLDER_PREFIX, Door, NoEntry, choose, doors

OURS = str(Path("/proc/self/ns/net").readlink()) if Path("/proc/self/ns/net").is_symlink() else ""
ONE, OTHER = Door(11, "net:[1]", "/a/kubeconfig"), Door(12, "net:[2]", "/b/kubeconfig")


def card(folder: Path, name: str, **told: object) -> None:
    whole = {"net": "private", "pid": os.getpid(), "network": OURS, "kubeconfig": "/a/kubeconfig"} | told
    (folder / (FOLDER_PREFIX + name)).mkdir()
    (folder / (FOLDER_PREFIX + name) / CARD).write_text(json.dumps(whole))


@pytest.mark.skipif(not OURS, reason="this system has no /proc/self/ns/net")
def test_a_sandbox_that_runs_is_found(tmp_path: Path) -> None:
    card(tmp_path, "one")
    assert doors(tmp_path) == [Door(os.getpid(), OURS, "/a/kubeconfig")]


def test_what_has_ended_or_is_on_loopback_or_unreadable_is_passed_over(tmp_path: Path) -> None:
    card(tmp_path, "ended", pid=2**30)
    card(tmp_path, "pid-is-another-s-now", network="net:[1]")
    card(tmp_path, "on-loopback", net="loopback", network="")
    card(tmp_path, "half-written")
    (tmp_path / f"{FOLDER_PREFIX}half-written" / CARD).write_text('{"net": "pri')
    assert doors(tmp_path) == []


def test_the_only_one_needs_no_pid_and_of_several_the_pid_chooses() -> None:
    assert choose([ONE], None) is ONE
    assert choose([ONE, OTHER], 12) is OTHER


def test_without_a_choice_the_error_names_what_runs() -> None:
    with pytest.raises(NoEntry, match="11, 12; name one of them"):
        choose([ONE, OTHER], None)
    with pytest.raises(NoEntry, match=r"--enter 13: .* 11; name"):
        choose([ONE], 13)
    with pytest.raises(NoEntry, match="none; start one with `yunqiao sandbox --net private`"):
        choose([], None)
