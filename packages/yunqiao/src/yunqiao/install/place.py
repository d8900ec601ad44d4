"""Where in the cloud is the cluster? VPC, vSwitches, and the id by which things there are the cluster's."""

from collections.abc import Iterator

from yunqiao.cloud.vpc import VSwitch
from yunqiao.install.findings import Finding, Status, broken, failed, ok, said, unchecked, warning
from yunqiao.install.sight import Cloud, Cluster, in_the_way
from yunqiao.model.errors import NotYet, Trouble
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
    elif isinstance(cluster, Trouble):
        yield unchecked("cluster id", "because of: API server")
    else:
        yield ok("cluster id", f"{seen.rules.cluster} (from the cluster's own UID)")
    yield _vpc(seen, settings)
    yield from _vswitches(seen)


def _vpc(seen: Cloud, settings: Settings) -> Finding:
    if isinstance(seen.vpc_id, NotYet):
        return unchecked("VPC", str(seen.vpc_id))
    if isinstance(seen.vpc_id, Trouble):
        return said("VPC", Status.BROKEN, str(seen.vpc_id), VPC)
    if isinstance(seen.vpc, Trouble):
        return failed(f"VPC {seen.vpc_id}", seen.vpc, f"correct it: {VPC}")
    if seen.vpc.id != seen.vpc_id:
        return broken("VPC", f"{seen.vpc_id} is not found in {seen.rules.region}", f"correct it: {VPC}")
    if settings.vpc_id:
        how = "configured"
    else:
        how = "from the instance metadata" if seen.rules.vpc_id else "from the nodes' instances"
    return ok("VPC", f"{seen.vpc_id}, {', '.join(seen.vpc.cidrs)} ({how})")


def _vswitches(seen: Cloud) -> Iterator[Finding]:
    if not seen.rules.vswitch_ids:
        fix = f"{VSWITCH}, or the annotation alibaba-cloud-loadbalancer-vswitch-id on each such Service"
        yield warning("vSwitch", "none is known: intranet load balancers cannot be made", fix)
        return
    if isinstance(seen.vswitches, Trouble):
        yield failed("vSwitch", seen.vswitches)
        return
    there = {one.id: one for one in seen.vswitches}
    for name in seen.rules.vswitch_ids:
        yield _vswitch(name, there.get(name), seen)


def _vswitch(name: str, vswitch: VSwitch | None, seen: Cloud) -> Finding:
    check = f"vSwitch {name}"
    if vswitch is None:
        return broken(check, f"is not in VPC {seen.vpc_id} of {seen.rules.region}", f"correct it: {VSWITCH}")
    told = f"{vswitch.cidr} in {vswitch.zone}, {vswitch.free} addresses free"
    more = f"{VSWITCH} to several, such as :{name},:vsw-ANOTHER"
    if vswitch.free == 0:
        return broken(check, told, more)
    return warning(check, told, more) if vswitch.free < FEW else ok(check, told)
