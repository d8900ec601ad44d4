"""What the controllers need: the declarations and the code that calls agree."""

import re
from pathlib import Path

import yunqiao.cloud
from yunqiao.install.look_cloud import harmless
from yunqiao.install.permissions import ALL, READS, WRITES, needed, rights, statement, written

LEASE = ("kube-system", "ccm")
CLOUD = Path(yunqiao.cloud.__file__).parent
ACTION = re.compile(r'"((?:Describe|List|Create|Delete|Set|Modify|Add|Remove|Start|Stop|Tag|Untag)[A-Z]\w+)"')
PARAMETERS = {"DeleteProtection", "TagKey", "TagValue"}
"""What looks like an action and is none."""


def asked(*controllers, lease=LEASE, lock="", has_id=False):
    return {(one.verb, one.rule.resource) for one in rights(controllers, lease, lock, has_id=has_id)}


def test_every_action_that_can_be_built_is_declared():
    files = (*CLOUD.glob("clb/*.py"), CLOUD / "ecs.py", CLOUD / "vpc.py")
    built = {name for file in files for name in ACTION.findall(file.read_text())} - PARAMETERS
    assert built - {one.name for one in (*READS, *WRITES)} == set()


def test_every_action_that_only_looks_has_a_harmless_call(scene):
    calls = harmless(scene.cloud(), "lb-1")
    assert {(call.product, call.action) for call in calls.values()} == {(one.product, one.name) for one in READS}
    assert not any(call.write for call in calls.values())


def test_a_controller_that_does_not_run_needs_nothing():
    assert needed(READS, ("nlb",)) == ()
    assert asked("nlb") == set()
    assert ("delete", "nodes") not in asked("service", "route")
    assert ("patch", "services/status") not in asked("node", "route")


def test_the_old_lock_and_the_missing_id_need_rights_of_their_own():
    assert ("update", "endpoints") in asked(*ALL, lock="endpoints")
    assert ("get", "namespaces") in asked("service")
    assert ("get", "namespaces") not in asked("service", has_id=True)
    assert not {one for one in asked("service", lease=("", "")) if one[1] == "leases"}


def test_rules_and_statements_are_written_as_policies_have_them():
    lease = next(one.rule for one in rights(ALL, LEASE, "", has_id=True) if one.rule.name)
    assert written(lease, ["get"]) == (
        '{apiGroups: ["coordination.k8s.io"], resources: ["leases"], resourceNames: ["ccm"], verbs: ["get"]}'
    )
    assert statement(READS[:1]) == '{"Effect": "Allow", "Action": ["slb:DescribeLoadBalancers"], "Resource": "*"}'
