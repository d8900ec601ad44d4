import pytest

from kubesim.hollow.placement import objection, suits

TAINT = {"key": "dedicated", "value": "gpu", "effect": "NoSchedule"}


def node(labels=None, taints=(), **spec):
    return {"metadata": {"name": "n1", "labels": labels or {}}, "spec": {"taints": list(taints)} | spec}


def pod(**spec):
    return {"spec": spec}


def affinity(*expressions, kind="matchExpressions"):
    terms = [{kind: list(expressions)}]
    return {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": terms}}}


@pytest.mark.parametrize(
    ("toleration", "tolerated"),
    [
        ({"operator": "Exists"}, True),
        ({"key": "dedicated", "operator": "Exists"}, True),
        ({"key": "dedicated", "operator": "Exists", "effect": "NoExecute"}, False),
        ({"key": "dedicated", "value": "gpu", "effect": "NoSchedule"}, True),
        ({"key": "dedicated", "value": "cpu", "effect": "NoSchedule"}, False),
        ({"key": "other", "operator": "Exists"}, False),
    ],
)
def test_a_taint_keeps_away_pods_that_do_not_tolerate_it(toleration, tolerated):
    assert suits(pod(tolerations=[toleration]), node(taints=[TAINT])) == tolerated


def test_a_taint_that_only_prefers_keeps_nobody_away():
    assert suits(pod(), node(taints=[TAINT | {"effect": "PreferNoSchedule"}]))


def test_a_cordoned_node_takes_only_what_tolerates_that():
    assert objection(pod(), node(unschedulable=True)) == "node(s) were unschedulable"
    tolerations = [{"key": "node.kubernetes.io/unschedulable", "operator": "Exists", "effect": "NoSchedule"}]
    assert suits(pod(tolerations=tolerations), node(unschedulable=True))


def test_a_node_selector_must_match():
    assert suits(pod(nodeSelector={"disk": "ssd"}), node({"disk": "ssd"}))
    assert objection(pod(nodeSelector={"disk": "ssd"}), node()) == "node(s) didn't match Pod's node affinity/selector"


@pytest.mark.parametrize(
    ("expression", "matches"),
    [
        ({"key": "type", "operator": "NotIn", "values": ["virtual-kubelet"]}, True),
        ({"key": "size", "operator": "In", "values": ["3", "4"]}, True),
        ({"key": "size", "operator": "In", "values": ["4"]}, False),
        ({"key": "size", "operator": "Exists"}, True),
        ({"key": "size", "operator": "DoesNotExist"}, False),
        ({"key": "size", "operator": "Gt", "values": ["2"]}, True),
        ({"key": "size", "operator": "Lt", "values": ["2"]}, False),
        ({"key": "type", "operator": "Gt", "values": ["2"]}, False),
    ],
)
def test_required_node_affinity_is_respected(expression, matches):
    assert suits(pod(affinity=affinity(expression)), node({"size": "3"})) == matches


def test_affinity_to_a_node_name_is_respected():
    named = {"key": "metadata.name", "operator": "In", "values": ["n1"]}
    assert suits(pod(affinity=affinity(named, kind="matchFields")), node())
    other = named | {"values": ["n2"]}
    assert not suits(pod(affinity=affinity(other, kind="matchFields")), node())


def test_a_term_without_requirements_matches_nothing():
    assert not suits(pod(affinity=affinity()), node())
