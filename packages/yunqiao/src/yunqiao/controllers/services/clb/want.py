"""What a Service wants of the cloud: a pure function of what Kubernetes says and what the annotations ask.

Three files say the three parts of it: this one the instance, listening.py the listeners, backends.py the groups.
"""

from collections.abc import Iterator
from dataclasses import replace

from yunqiao.controllers.services.asked import Asked, Needs
from yunqiao.controllers.services.clb import affinity, backends, certificates, source_ranges
from yunqiao.controllers.services.clb.backends import groups
from yunqiao.controllers.services.clb.listening import SHAPING, listening
from yunqiao.controllers.services.clb.options import Options, given
from yunqiao.controllers.services.clb.parameters import parameters
from yunqiao.model.balancer import UNMANAGED, Balancer
from yunqiao.options.declare import PREFIXES, declared

NO_PUBLIC = (
    "load balancers with a public address are switched off in this cluster (disablePublicSLB in the cloud-config); set "
    "service.beta.kubernetes.io/alibaba-cloud-loadbalancer-address-type: intranet"
)
NO_VSWITCH = (
    "an intranet load balancer needs a vSwitch, and none is known: set the annotation vswitch-id, or vswitchid in the "
    "cloud-config (Global.vswitchid); {nowhere}"
)


def needs(asked: Asked[Options]) -> Needs:
    """What must be looked up before this can be said."""
    borrows = asked.parsed.options.id or asked.who.borrowed
    vswitch = not borrows and _lacks_vswitch(asked.parsed.options) and not asked.rules.vswitch_ids
    return replace(backends.needs(asked), certificates=certificates.needed(asked), vswitch=vswitch)


def followed(asked: Asked[Options]) -> tuple[str, ...]:
    """Annotations (by suffix) and fields of the spec that are given and followed: one that goes is taken back."""
    fields = (source_ranges, affinity)
    return (*given(asked.parsed), *(one.WORD for one in fields if one.follows(asked)), *_unclear(asked))


def _unclear(asked: Asked[Options]) -> Iterator[str]:
    """What was followed and stays as it is while a bad value stands in its way, to be taken back later."""
    bad = {problem.suffix for problem in asked.parsed.problems}
    return (one for one in asked.noted.asked if one in bad or bad & SHAPING)


def want(asked: Asked[Options]) -> Balancer:
    """The balancer this Service asks for. Raises Refused where that cannot be said."""
    options, who = asked.parsed.options, asked.who
    if options.id or who.borrowed:
        return _on_a_borrowed_one(asked)
    birth, ports = _birth(asked), listening(asked)
    unclear = any(problem.suffix == "additional-resource-tags" for problem in asked.parsed.problems)
    return Balancer(
        attributes=_instance(asked, birth),
        tags={**dict(options.tags), **who.tags},
        groups=groups(asked),
        listeners=ports.listeners,
        access=ports.access,
        birth=birth,
        places=_places(asked),
        barred=_barred(asked),
        hostname=options.hostname or "",
        former_tags=frozenset()
        if unclear
        else frozenset(asked.noted.tags) - dict(options.tags).keys() - who.tags.keys(),
        problems=(*_without_id(options), *ports.problems),
        notices=(*backends.notices(asked), *ports.notices),
    )


def _on_a_borrowed_one(asked: Asked[Options]) -> Balancer:
    """Somebody else's balancer: only parts that carry our mark; listeners only where they are asked for."""
    options = asked.parsed.options
    overrides = options.force_override_listeners == "true"
    wanted = Balancer(
        attributes={},
        tags={},
        groups=groups(asked),
        borrowed=True,
        hostname=options.hostname or "",
        barred=f"there is no load balancer {asked.who.borrowed} in this region; correct the annotation id",
        problems=tuple(_not_ours(options)),
        notices=tuple(backends.notices(asked)),
    )
    if not overrides:
        return replace(wanted, listeners=UNMANAGED, problems=(*wanted.problems, *_without_listeners(asked)))
    ports = listening(asked)
    problems = (*wanted.problems, *ports.problems)
    notices = (*wanted.notices, *ports.notices)
    return replace(wanted, listeners=ports.listeners, access=ports.access, problems=problems, notices=notices)


def _without_listeners(asked: Asked[Options]) -> Iterator[str]:
    """What only listeners could do, where they are somebody else's."""
    if asked.snapshot.service.spec.load_balancer_source_ranges:
        yield (
            "spec.loadBalancerSourceRanges has no effect on the listeners of a load balancer that is only borrowed; "
            f"set {PREFIXES[0]}force-override-listeners: true to have listeners of its own there, or remove the ranges"
        )


def _not_ours(options: Options) -> Iterator[str]:
    """Options that say how the instance is to be, which is not for us to say of somebody else's."""
    for name, option in declared(Options):
        if option.scope == "instance" and getattr(options, name):
            yield (
                f"{PREFIXES[0]}{option.suffix} has no effect on a load balancer that is only borrowed ({options.id}); "
                "set it there, by hand, and remove the annotation"
            )


def _without_id(options: Options) -> Iterator[str]:
    """Options that only mean something on a balancer that is borrowed."""
    for suffix, value in (("vgroup-port", options.vgroup_port), ("weight", options.weight)):
        if value:
            yield f"{PREFIXES[0]}{suffix} counts on a load balancer that is named by the annotation id only"


def _birth(asked: Asked[Options]) -> dict[str, str]:
    """What a new balancer gets where nothing is asked for; never applied to one that exists."""
    options, rules = asked.parsed.options, asked.rules
    birth = {
        "AddressType": "internet",
        "LoadBalancerName": asked.who.name,
        "InstanceChargeType": "PayByCLCU",
        "DeleteProtection": "on",
        "ModificationProtectionStatus": "ConsoleProtection",
        "ModificationProtectionReason": "managed.by.ack",
    }
    if rules.resource_group_id:
        birth["ResourceGroupId"] = rules.resource_group_id
    if options.address_type == "intranet":
        vpc_id = rules.vpc_id or asked.found.vpc_id
        birth |= {"VpcId": vpc_id} if vpc_id else {}
    return birth


def _lacks_vswitch(options: Options) -> bool:
    """Whether a new balancer gets its address from one of the cluster's vSwitches, since none is named for it."""
    return options.address_type == "intranet" and not options.vswitch_id and options.network_type != "classic"


def _places(asked: Asked[Options]) -> tuple[str, ...]:
    """The vSwitches that a new balancer may get its address from."""
    lacks = _lacks_vswitch(asked.parsed.options)
    return (asked.rules.vswitch_ids or asked.found.vswitch_ids) if lacks else ()


def _barred(asked: Asked[Options]) -> str:
    """Why no balancer may be created now."""
    options = asked.parsed.options
    if any(problem.blocks != "nothing" for problem in asked.parsed.problems):
        return "no load balancer is created until the annotations are mended"
    if options.address_type == "intranet":
        lost = _lacks_vswitch(options) and not _places(asked)
        return NO_VSWITCH.format(nowhere=asked.found.nowhere) if lost else ""
    return NO_PUBLIC if asked.rules.disable_public else ""


def _instance(asked: Asked[Options], birth: dict[str, str]) -> dict[str, str]:
    """What is asked of the instance; a vSwitch and an address of one's own belong to an intranet address."""
    wished = parameters(asked, "instance", birth)
    if asked.parsed.options.address_type != "intranet":
        wished = {name: value for name, value in wished.items() if name not in ("VSwitchId", "Address")}
    return wished
