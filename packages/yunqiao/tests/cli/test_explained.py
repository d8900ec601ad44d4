"""How an explanation is printed."""

from yunqiao.cli.explained import plain, table
from yunqiao.controllers.services.explanation import Cause, Explanation, Link, Mark

LINKS = (
    Link(0, "load balancer", "lb-1"),
    Link(1, "listener 80/TCP", "stopped", Mark.BROKEN, Cause.LISTENER, "start it"),
    Link(1, "endpoints", "none", Mark.BROKEN, Cause.ENDPOINTS, "make pods"),
    Link(1, "state", "who knows", Mark.UNKNOWN),
)
TEXT = """\
ok       load balancer: lb-1
broken     listener 80/TCP: stopped
broken     endpoints: none
unknown    state: who knows

Broken first: endpoints: none
What to do: make pods
"""


def test_the_broken_link_that_causes_others_is_named_not_the_one_that_is_told_first():
    assert table(Explanation("shop/web", LINKS), colour=False) == TEXT
    assert plain(Explanation("shop/web", LINKS))["firstBroken"]["what"] == "endpoints"


def test_colour_changes_no_text():
    coloured = table(Explanation("shop/web", LINKS), colour=True)
    for code in ("\033[31m", "\033[32m", "\033[33m", "\033[0m"):
        assert code in coloured
        coloured = coloured.replace(code, "")
    assert coloured == TEXT


def test_a_chain_without_a_broken_link_says_so():
    told = Explanation("shop/web", LINKS[:1])
    assert table(told, colour=False).endswith("\nNo link of Service shop/web is broken.\n")
    assert plain(told)["firstBroken"] is None
