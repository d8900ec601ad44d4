"""How findings are printed."""

from yunqiao.install.findings import Report, Section, broken, ok, unchecked, warning
from yunqiao.install.report import MOST, plain, table

REPORT = Report([
    Section("cluster", (ok("API server", "https://a"), broken("right to nodes", "u may not list nodes", "add a rule"))),
    Section("nodes", (warning("node w1", "has no providerID", "wait"), unchecked("nodes", "because of: region"))),
])  # fmt: skip
TEXT = """\
cluster
  ok           API server: https://a
  broken       right to nodes: u may not list nodes
               -> add a rule

nodes
  warning      node w1: has no providerID
               -> wait
  not checked  nodes: because of: region

1 ok, 1 warning, 1 broken, 1 not checked. Nothing was changed.
"""


def test_marks_line_up_and_what_is_not_ok_has_its_fix_below():
    assert table(REPORT, colour=False) == TEXT


def test_colour_changes_no_text():
    coloured = table(REPORT, colour=True)
    for code in ("\033[32m", "\033[33m", "\033[31m", "\033[36m", "\033[0m"):
        assert code in coloured
        coloured = coloured.replace(code, "")
    assert coloured == TEXT


def test_long_lines_are_broken_where_the_terminal_ends():
    told = table(Report([Section("a", (broken("b", "word " * 30, "fix " * 30),))]), colour=False, width=60)
    assert max(map(len, told.splitlines()[:-1])) <= 60
    assert told.splitlines()[2].startswith(" " * 15 + "word")


def test_of_many_findings_of_one_kind_a_table_tells_the_first():
    nodes = [broken(f"node w{number}", "is lost", "find it") for number in range(MOST + 5)]
    nodes.insert(10, warning("node other", "is late", "wait"))
    report = Report([Section("nodes", (ok("nodes", "all"), *nodes, ok("more", "well")))])
    told = table(report, colour=False)
    assert "w19: is lost" in told
    assert "w20: is lost" not in told
    assert "more: well\n               ... and 5 more like these; --output json has them all\n" in told
    assert len(plain(report)["checks"]) == MOST + 8


def test_programs_get_every_finding_and_the_exit_status():
    told = plain(REPORT)
    assert told["exitCode"] == 1
    assert told["checks"][1] == {
        "subject": "cluster", "check": "right to nodes", "status": "broken", "found": "u may not list nodes",
        "fix": "add a rule", "details": [],
    }  # fmt: skip
    assert told["checks"][0]["fix"] is None


def test_warnings_and_what_could_not_be_checked_are_no_failure():
    assert Report([Section("nodes", (warning("a", "b", "c"), unchecked("d", "e")))]).exit_code == 0
    assert Report([], blind=True).exit_code == 2
