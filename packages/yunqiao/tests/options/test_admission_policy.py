"""What the API server would refuse is what the controller would refuse, and never what is there already."""

import json
import math
from dataclasses import dataclass

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from yunqiao.controllers.services.clb import options as clb
from yunqiao.options.admission_policy import Elsewhere, cel, manifest, policies
from yunqiao.options.declare import PREFIXES, declared, labels, one_of, option, parse, text, whole

NEW, OLD = PREFIXES
TUNNEL, OTHER_CLASS = f"{NEW}tunnel-type", "service.beta.kubernetes.io/class"


@dataclass(frozen=True)
class Wishes:
    colour: str | None = option("colour", one_of("red", "green"), "Its colour.")
    size: str | None = option("size", whole(1, 10), "Its size.")
    name: str | None = option("name", text(5), "Its name.")
    only: tuple[tuple[str, str], ...] = option("only", labels(), "Where.", default=())


WISHES = [each for _, each in declared(Wishes)]
VALUES, BINDING, NAMES, NAMES_BINDING = policies(WISHES, Elsewhere((TUNNEL,), (OTHER_CLASS,)))
KEYS = [prefix + suffix for prefix in PREFIXES for suffix in ("colour", "size", "name", "only")]
ANNOTATIONS = st.dictionaries(
    st.sampled_from([*KEYS, "example.com/colour"]),
    st.sampled_from(["", "red", "blue", "7", "70", "a=b", "abcdef", "two\nlines"]),
    max_size=5,
)


def service(annotations=None, *, deleted=False, **spec):
    metadata = {"name": "s"} | ({"annotations": annotations} if annotations else {})
    metadata |= {"deletionTimestamp": "2026-01-01T00:00:00Z", "finalizers": ["x"]} if deleted else {}
    return {"metadata": metadata, "spec": {"type": "LoadBalancer"} | spec}


def bad(annotations):
    return {problem.annotation for problem in parse(Wishes(), annotations).problems}


@settings(max_examples=100, deadline=None)
@given(ANNOTATIONS)
def test_of_a_new_service_it_refuses_exactly_what_the_controller_cannot_read(gate, annotations):
    told = gate(VALUES).refusals(service(annotations))
    assert {words.partition(": ")[0] for words in told} == bad(annotations)
    assert {words for words in told if "\n" not in words} <= {
        str(each) for each in parse(Wishes(), annotations).problems
    }


@settings(max_examples=100, deadline=None)
@given(ANNOTATIONS, ANNOTATIONS)
def test_of_an_update_it_refuses_only_what_the_update_changes(gate, before, after):
    told = gate(VALUES).refusals(service(after), service(before))
    changed = {key for key, value in after.items() if before.get(key) != value}
    assert {words.partition(": ")[0] for words in told} == bad(after) & changed


@settings(max_examples=50, deadline=None)
@given(ANNOTATIONS)
def test_it_never_stands_in_the_way_of_an_end(gate, annotations):
    going = service(annotations, deleted=True)
    assert gate(VALUES).refusals(going, service()) == []
    assert gate(NAMES).refusals(going, service()) == []


@settings(max_examples=50, deadline=None)
@given(ANNOTATIONS)
def test_it_never_stands_in_the_way_of_a_finalizer_or_a_port(gate, annotations):
    after = service(annotations, ports=[{"port": 80}])
    after["metadata"]["finalizers"] = ["x"]
    assert gate(VALUES).refusals(after, service(annotations)) == []


def test_it_does_not_look_at_deletions_or_subresources_and_lets_pass_what_it_cannot_judge():
    (rule,) = VALUES["spec"]["matchConstraints"]["resourceRules"]
    assert (rule["operations"], rule["resources"]) == (["CREATE", "UPDATE"], ["services"])
    assert VALUES["spec"]["failurePolicy"] == NAMES["spec"]["failurePolicy"] == "Ignore"


@pytest.mark.parametrize(
    "other",
    [
        service({NEW + "size": "70"}, type="ClusterIP"),
        service({NEW + "size": "70"}, loadBalancerClass="alibabacloud.com/nlb"),
        service({NEW + "size": "70", TUNNEL: ""}),
        service({NEW + "size": "70", OTHER_CLASS: "other"}),
        service(),
    ],
)
def test_services_of_others_are_not_looked_at(gate, other):
    assert gate(VALUES).refusals(other) == []


def test_an_empty_class_leaves_the_service_ours(gate):
    assert len(gate(VALUES).refusals(service({NEW + "size": "70", OTHER_CLASS: ""}))) == 1


def test_a_refusal_names_annotation_value_and_what_is_allowed(gate):
    assert gate(VALUES).refusals(service({OLD + "colour": "blue"})) == [
        f'{OLD}colour: "blue" is not allowed; allowed: red, green'
    ]


def test_a_name_that_nobody_reads_is_warned_of_when_it_is_new(gate):
    unknown, known = {NEW + "colours": "red", "example.com/x": "y"}, {OLD + "colour": "blue"}
    (told,) = gate(NAMES).refusals(service(unknown | known))
    assert told.startswith(f"there is no such annotation: {NEW}colours; ")
    assert gate(NAMES).refusals(service(unknown), service(unknown)) == []
    assert (BINDING["spec"]["validationActions"], NAMES_BINDING["spec"]["validationActions"]) == (["Deny"], ["Warn"])


def test_the_file_holds_both_policies_with_their_bindings():
    documents = list(yaml.safe_load_all(manifest([VALUES, BINDING, NAMES, NAMES_BINDING])))
    assert documents == [VALUES, BINDING, NAMES, NAMES_BINDING]
    bound = {each["spec"]["policyName"] for each in documents if each["kind"].endswith("Binding")}
    assert bound == {each["metadata"]["name"] for each in documents if each["kind"].endswith("Policy")}


PER_EXPRESSION, PER_POLICY = 1_000_000, 10_000_000
"""The API server's limits of CEL cost (PerCallLimit and RuntimeCELCostBudget of k8s.io/apiserver/pkg/apis/cel)."""


def matching_cost(reader):
    """What `matches` costs at most (cel-go, checker/cost.go): a tenth of the text times a quarter of the pattern."""
    patterns = [len(each) + 6 for each in (reader.pattern, reader.never) if each]
    return sum(math.ceil((reader.longest + 1) * 0.1) * math.ceil(length * 0.25) for length in patterns)


def test_no_value_can_exhaust_the_api_servers_budget():
    costs = [matching_cost(each.reader) for _, each in declared(clb.Options)]
    assert max(costs) < PER_EXPRESSION / 5
    assert sum(costs) < PER_POLICY / 5


def test_the_length_is_judged_before_any_pattern():
    for _, each in declared(clb.Options):
        if each.reader.pattern:
            assert cel(each.reader).startswith(f"size(value) <= {each.reader.longest} && value.matches(")


def test_the_policies_of_the_controller_compile_and_fit_into_an_object(judges):
    documents = policies([each for _, each in declared(clb.Options)], Elsewhere((TUNNEL,), (OTHER_CLASS,)))
    for document in documents[::2]:
        assert len(json.dumps(document)) < 256 * 1024
        spec = document["spec"]
        for each in (*spec["matchConditions"], *spec["variables"], *spec["validations"]):
            judges.environment.compile(each["expression"])
        for each in spec["validations"]:
            judges.environment.compile(each["messageExpression"])
            assert "\n" not in each["message"]
