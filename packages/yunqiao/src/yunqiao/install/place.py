"""Where in the cloud is the cluster? VPC, vSwitches, and the id by which things there are the cluster's."""

from collections.abc import Iterator

from yunqiao.cloud.vpc import VSwitch
from yunqiao.install.findings import Finding, Status, broken, failed, ok, refused, unchecked, warning
from yunqiao.install.sight import Cloud, Cluster, in_the_way, no_objects
from yunqiao.model.errors import Trouble
from yunqiao.settings import Settings

VPC = "set vpcid in the cloud-config (Global.vpcid)"
VSWITCH = "set vswitchid in the cloud-config (Global.vswitchid)"
FEW = 8
"""Free addresses of a vSwitch from which on it is told: each intranet load balancer takes one."""


def place(cluster: Cluster | Trouble, seen: Cloud | Trouble, settings: Settings) -> Iterator[Finding]:
    """From the cluster's id to the vSwitches."""
    if isinstance(seen, Trouble):
        yield unchecked("cluster id, VPC and vSwitches", in_the_way(seen))
        return
    if settings.cluster_id:
        yield ok("cluster id", f"{settings.cluster_id} (configured)")
    elif isinstance(cluster, Trouble) or not cluster.tells_its_id:
        yield unchecked("cluster id", no_objects(cluster, "namespaces"))
    else:
        yield ok("cluster id", f"{seen.rules.cluster} (from the cluster's own UID)")
    yield _vpc(seen, settings)
    yield from _vswitches(seen, settings)


def _vpc(seen: Cloud, settings: Settings) -> Finding:
    if isinstance(seen.vpc_id, Trouble):
        return refused("VPC", seen.vpc_id, VPC)
    if isinstance(seen.vpc, Trouble):
        return failed(f"VPC {seen.vpc_id}", seen.vpc, f"correct it: {VPC}")
    if seen.vpc.id != seen.vpc_id:
        return broken("VPC", f"{seen.vpc_id} is not found in {seen.rules.region}", f"correct it: {VPC}")
    how = _source(bool(settings.vpc_id), bool(seen.rules.vpc_id))
    return ok("VPC", f"{seen.vpc_id}, {', '.join(seen.vpc.cidrs)} ({how})")


def _vswitches(seen: Cloud, settings: Settings) -> Iterator[Finding]:
    """Those for new intranet balancers."""
    if isinstance(seen.vswitch_ids, Trouble):  # not broken: public load balancers need none
        yield refused("vSwitch", seen.vswitch_ids, VSWITCH, Status.WARNING)
    elif isinstance(seen.vswitches, Trouble):
        yield failed("vSwitch", seen.vswitches)
    else:
        there = {one.id: one for one in seen.vswitches}
        how = _source(bool(settings.vswitches), bool(seen.rules.vswitch_ids))
        yield from (_vswitch(name, there.get(name), seen, how) for name in seen.vswitch_ids)


def _source(configured: bool, told: bool) -> str:
    return "configured" if configured else "from the instance metadata" if told else "from the nodes' instances"


def _vswitch(name: str, vswitch: VSwitch | None, seen: Cloud, how: str) -> Finding:
    check = f"vSwitch {name}"
    if vswitch is None:
        return broken(check, f"is not in VPC {seen.vpc_id} of {seen.rules.region}", f"correct it: {VSWITCH}")
    told = f"{vswitch.cidr} in {vswitch.zone}, {vswitch.free} addresses free ({how})"
    more = f"{VSWITCH} to several, such as :{name},:vsw-ANOTHER"
    if vswitch.free == 0:
        return broken(check, told, more)
    return warning(check, told, more) if vswitch.free < FEW else ok(check, told)
