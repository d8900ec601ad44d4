"""The coverage page says what is so, and is as fresh as the code."""

import json
from pathlib import Path

import pytest

from yunsim import reference
from yunsim.cli import main
from yunsim.coverage import CoveredAction, coverage
from yunsim.coverage_page import page
from yunsim.dispatch import PRODUCTS

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "yunsim-coverage.md"


@pytest.fixture(scope="module")
def actions() -> dict[tuple[str, str], CoveredAction]:
    return {(action.product, action.name): action for action in coverage()}


def states(action: CoveredAction) -> dict[str, str]:
    return {field.path: field.state for field in action.parameters}


def test_the_page_is_fresh():
    assert main(["coverage", "--check", str(PAGE)]) == 0, f"yunsim coverage > {PAGE}"


def test_a_page_that_says_something_else_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    stale = tmp_path / "page.md"
    stale.write_text("# nothing\n")
    assert main(["coverage", "--check", str(stale)]) == 1
    assert main(["coverage", "--check", str(tmp_path / "none.md")]) == 1
    assert "write it anew" in capsys.readouterr().err


def test_every_action_that_exists_is_on_the_page_as_modelled(actions: dict[tuple[str, str], CoveredAction]):
    for product in PRODUCTS:
        own = {name for of, name in actions if of == product and actions[of, name].state == "modelled"}
        assert own == set(PRODUCTS[product].actions())


def test_a_parameter_that_an_action_reads_is_modelled_and_one_that_it_only_takes_is_ignored(
    actions: dict[tuple[str, str], CoveredAction],
):
    create = states(actions["slb", "CreateLoadBalancer"])
    assert (create["VSwitchId"], create["Tag.N.Key"], create["RegionId"]) == ("modelled", "modelled", "modelled")
    assert (create["AutoPay"], create["Duration"]) == ("ignored", "ignored")


def test_the_settings_of_a_listener_are_modelled(actions: dict[tuple[str, str], CoveredAction]):
    listener = states(actions["slb", "CreateLoadBalancerTCPListener"])
    assert (listener["healthCheckInterval"], listener["ListenerPort"]) == ("modelled", "modelled")
    assert states(actions["slb", "SetLoadBalancerTCPListenerAttribute"])["SynProxy"] == "ignored"


def test_an_action_that_does_not_exist_is_refused_with_all_that_it_has(
    actions: dict[tuple[str, str], CoveredAction],
):
    groups = actions["ecs", "DescribeSecurityGroups"]
    assert groups.state == "refused"
    assert {field.state for field in (*groups.parameters, *groups.answer)} == {"refused"}


def test_an_answer_field_is_modelled_when_it_was_answered(actions: dict[tuple[str, str], CoveredAction]):
    answer = {field.path: field.state for field in actions["slb", "DescribeLoadBalancerAttribute"].answer}
    assert (answer["ListenerPorts.ListenerPort.N"], answer["RequestId"]) == ("modelled", "modelled")
    assert answer["RenewalStatus"] == "ignored"


def test_the_controllers_actions_exist(actions: dict[tuple[str, str], CoveredAction]):
    used = {(product, name) for product in reference.PRODUCTS for name in reference.used_by_yunqiao(product)}
    assert {name for name in used if actions[name].state != "modelled"} == set()


def test_the_data_say_the_same_as_the_page(capsys: pytest.CaptureFixture[str]):
    assert main(["coverage", "--output", "json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert [each["name"] for each in told] == [each.name for each in coverage()]
    assert "### CreateLoadBalancer (used by yunqiao)" in page(coverage())
