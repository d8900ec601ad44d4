"""Where in the cloud is the cluster? Region, VPC, vSwitches, and the id by which things there are the cluster's."""

from collections.abc import Iterator

from yunqiao.cloud.vpc import Vpc, VSwitch
from yunqiao.install.findings import Finding, Status, broken, failed, ok, said, unchecked, warning
from yunqiao.install.sight import UNUSABLE, Cloud
from yunqiao.model.errors import Stale, Trouble
from yunqiao.settings import Settings

REGION = "set region in the cloud-config (Global.region)"
VPC = "set vpcid in the cloud-config (Global.vpcid)"
VSWITCH = "set vswitchid in the cloud-config (Global.vswitchid)"
FEW = 8
"""Free addresses of a vSwitch from which on it is told: each intranet load balancer takes one."""


def place(seen: Cloud | Trouble, settings: Settings) -> Iterator[Finding]:
    """From the region to the vSwitches."""
    if seen is UNUSABLE:
        yield unchecked("region", str(seen))
        return
    if isinstance(seen, Trouble):
        yield said("region", Status.BROKEN, str(seen), REGION)
        return
    yield ok("region", f"{seen.rules.region} ({_source(bool(settings.region))})")
    yield ok("cluster id", f"{seen.rules.cluster} ({_id_source(settings)})")
    yield _vpc(seen, settings)
    yield from _vswitches(seen)


def _source(is_configured: bool) -> str:  # the one thing that it says
    return "configured" if is_configured else "found out"


def _id_source(settings: Settings) -> str:
    return "configured" if settings.cluster_id else "from the cluster's own UID"


def _vpc(seen: Cloud, settings: Settings) -> Finding:
    if isinstance(seen.vpc_id, Trouble):
        return said("VPC", Status.BROKEN, str(seen.vpc_id), VPC)
    if isinstance(seen.vpc, Stale) or (isinstance(seen.vpc, Vpc) and seen.vpc.id != seen.vpc_id):
        return broken("VPC", f"{seen.vpc_id} is not found in {seen.rules.region}", f"correct it: {VPC}")
    if isinstance(seen.vpc, Trouble):
        return unchecked("VPC", f"{seen.vpc_id}; {seen.vpc}")
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
