"""Does the cloud know us, and may we do there what the controllers do? Key, clock, endpoints, RAM permissions."""

from collections.abc import Collection, Iterator

from yunqiao.cloud import codes
from yunqiao.install.configuration import Given
from yunqiao.install.findings import (
    Finding,
    Status,
    advice,
    broken,
    failed,
    is_forbidden,
    ok,
    said,
    unchecked,
    warning,
)
from yunqiao.install.permissions import WRITES, needed, statement
from yunqiao.install.sight import UNUSABLE, Cloud, in_the_way
from yunqiao.model.errors import Lost, NotYet, Trouble
from yunqiao.settings import Settings

NO_KEY = (
    "set accessKeyID and accessKeySecret in the cloud-config (Global.accessKeyID, base64), or attach a RAM role to the "
    "instance; docs/reference/environment.md has the other ways"
)
EXACT, SKEW_TOLD = 2.0, 60.0
"""Seconds that our clock may be off: less is none at all, and from how many on it is told."""
SET_CLOCK = "set the clock of this machine right: timedatectl set-ntp true, or chronyc makestep"
SET_REGION = "set region in the cloud-config (Global.region)"
REGION, CREDENTIALS, CLOCK = "region", "credentials", "clock"


def access(seen: Cloud | Trouble, settings: Settings, given: Given) -> Iterator[Finding]:
    """From region and access key to every single action."""
    if isinstance(seen, Trouble):
        yield unchecked(REGION, str(seen)) if seen is UNUSABLE else said(REGION, Status.BROKEN, str(seen), SET_REGION)
        yield unchecked(CREDENTIALS, in_the_way(seen))
        return
    yield ok(REGION, f"{seen.rules.region} ({'configured' if settings.region else 'found out'})")
    source = f"{settings.source}{_origin(settings, given)}"
    if isinstance(seen.key, Trouble):
        yield broken(CREDENTIALS, f"{source}: {seen.key}", NO_KEY)
        return
    yield from _endpoints(seen, settings)
    yield _key(seen, source)
    yield _clock(seen)
    yield from _reads(seen)
    yield from _writes(settings.controllers)


def _origin(settings: Settings, given: Given) -> str:
    """Where a key that is written down stands."""
    if settings.source.key is None:
        return ""
    return f" of {given.file}" if given.values.get("accessKeyID") else " of the environment"


def _key(seen: Cloud, source: str) -> Finding:
    refusal = _with(seen, codes.KEY)
    if refusal is not None:
        return failed(CREDENTIALS, refusal)
    if not any(_heard(one) for one in seen.answers.values()):
        return unchecked(CREDENTIALS, f"{source}; because of: endpoint")
    return ok(CREDENTIALS, f"{source}, accepted")


def _clock(seen: Cloud) -> Finding:
    refusal = _with(seen, codes.CLOCK)
    if seen.skew is None and refusal is None:
        return unchecked(CLOCK, "the cloud did not tell its time")
    told = _told(seen.skew or 0.0)
    if refusal is not None:
        return broken(CLOCK, f"{told}: {refusal.fault}", SET_CLOCK)
    if abs(seen.skew or 0.0) > SKEW_TOLD:
        return warning(CLOCK, f"{told}; calls are refused from 15 minutes on", SET_CLOCK)
    return ok(CLOCK, told)


def _told(skew: float) -> str:
    """The clock of the cloud is told in whole seconds."""
    if abs(skew) < EXACT:
        return "as the cloud's"
    return f"{abs(skew):.0f} s {'ahead of' if skew > 0 else 'behind'} the cloud's"


def _endpoints(seen: Cloud, settings: Settings) -> Iterator[Finding]:
    """One finding for each product; where nothing is heard, that is the reason of everything else."""
    for product, host in seen.hosts.items():
        answers = [one for action, one in seen.answers.items() if action.product == product]
        if not answers:
            continue
        if any(_heard(one) for one in answers):
            yield ok(f"endpoint {product}", host)
        else:
            yield failed(f"endpoint {product}", next(one for one in answers if one is not None), _way(settings))


def _way(settings: Settings) -> str:
    if settings.network == "vpc":
        return "add --network=public if this machine is outside of the VPC; else check DNS and the VPC's network"
    return "check DNS, HTTPS_PROXY and the firewall; inside of the VPC leave --network=public out"


def _reads(seen: Cloud) -> Iterator[Finding]:
    allowed = [action for action, trouble in seen.answers.items() if _is_let_through(trouble)]
    if allowed:
        found = f"{len(allowed)} of {len(seen.answers)} actions that only look are allowed"
        yield Finding("read permissions (RAM)", Status.OK, found, details=tuple(map(str, allowed)))
    for action, trouble in seen.answers.items():
        if trouble is not None and is_forbidden(trouble):
            fix = f"add to the RAM policy: {statement([action])}"
            yield broken(f"permission {action}", str(trouble.fault), fix)
        elif trouble is not None and not _is_let_through(trouble):
            yield unchecked(f"permission {action}", _because(trouble))


def _because(trouble: Trouble) -> str:
    names = {codes.KEY: CREDENTIALS, codes.CLOCK: CLOCK}
    if advice(trouble) in names:
        return f"because of: {names[advice(trouble)]}"
    return str(trouble) if _heard(trouble) else "because of: endpoint"


def _writes(controllers: Collection[str]) -> Iterator[Finding]:
    """What changes something cannot be tried without changing something."""
    actions = needed(WRITES, controllers)
    if actions:
        found = f"{len(actions)} actions that change something; to try them would be to change something"
        fix = "see that the RAM policy has them all: --output json lists them"
        yield Finding("write permissions (RAM)", Status.UNCHECKED, found, fix, tuple(map(str, actions)))


def _with(seen: Cloud, meaning: str) -> Trouble | None:
    """The first answer that means this."""
    return next((one for one in seen.answers.values() if one is not None and advice(one) == meaning), None)


def _heard(trouble: Trouble | None) -> bool:
    """Whether the API itself has answered, be it with an error."""
    return trouble is None or (trouble.fault is not None and not trouble.fault.code.startswith(codes.UNREADABLE))


def _is_let_through(trouble: Trouble | None) -> bool:
    """Whether permission was given: what is then said of a thing that does not exist is no matter of permission."""
    if trouble is None:
        return True
    unclear = isinstance(trouble, Lost | NotYet) or advice(trouble) in (codes.KEY, codes.CLOCK, codes.ACCOUNT)
    return _heard(trouble) and not unclear and not is_forbidden(trouble)
