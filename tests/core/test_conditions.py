"""What a Service's condition says of us, beside what others say there."""

import msgspec

from yunqiao.controllers.services.publish import CONDITION
from yunqiao.model.cluster import Condition

THEIRS = Condition(type="example.com/Checked", status="True", reason="Checked", message="somebody else's")


def conditions(bench):
    return {one.type: one.status for one in bench.cluster.service.status.conditions}


def add(service, condition):
    status = msgspec.structs.replace(service.status, conditions=[*service.status.conditions, condition])
    return msgspec.structs.replace(service, status=status)


def behind(bench):
    """Let the watch be behind: from now on it shows the Service as it is now."""
    seen = bench.cluster.snapshot("")
    bench.services.site.snapshot = lambda _: seen


async def test_a_condition_that_somebody_writes_at_the_same_time_is_not_lost(bench):
    await bench.settle()
    bench.cluster.annotate(address_type="intranet", scheduler="never-heard-of")
    behind(bench)
    bench.cluster.service = add(bench.cluster.service, THEIRS)
    await bench.services.reconcile(bench.key)
    assert conditions(bench) == {"example.com/Checked": "True", CONDITION: "False"}


async def test_our_condition_goes_with_us_and_leaves_those_of_others(bench):
    bench.cluster.annotate(address_type="intranet", scheduler="never-heard-of")
    await bench.settle()
    assert conditions(bench) == {CONDITION: "False"}
    bench.cluster.service = add(bench.cluster.service, THEIRS)
    bench.cluster.ask(type="ClusterIP")
    await bench.settle()
    assert conditions(bench) == {"example.com/Checked": "True"}
