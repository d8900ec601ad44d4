"""Does the cloud know us? Region, endpoints, access key, clock, account."""

from collections.abc import Iterator

from yunqiao.install.answers import ACCOUNT, CLOCK, CREDENTIALS, ENDPOINT, REGION, blamed, is_heard
from yunqiao.install.configuration import Given
from yunqiao.install.findings import Finding, broken, failed, ok, refused, unchecked, warning
from yunqiao.install.permissions import PRODUCTS
from yunqiao.install.sight import UNUSABLE, Cloud, in_the_way
from yunqiao.model.errors import Trouble
from yunqiao.settings import Settings

NO_KEY = (
    "set accessKeyID and accessKeySecret in the cloud-config (Global.accessKeyID, base64), or attach a RAM role to the "
    "instance; docs/reference/environment.md has the other ways"
)
EXACT, SKEW_TOLD = 2.0, 60.0
"""Seconds that our clock may be off: less is none at all, and from how many on it is told."""
SET_CLOCK = "set the clock of this machine right: timedatectl set-ntp true, or chronyc makestep"
SET_REGION = "set region in the cloud-config (Global.region)"


def access(seen: Cloud | Trouble, settings: Settings, given: Given) -> Iterator[Finding]:
    """What all calls depend on."""
    if isinstance(seen, Trouble):
        yield unchecked(REGION, str(seen)) if seen is UNUSABLE else refused(REGION, seen, SET_REGION)
        yield unchecked(CREDENTIALS, in_the_way(seen))
        return
    yield _region(seen, settings)
    source = f"{settings.source}{_origin(settings, given)}"
    if isinstance(seen.key, Trouble):
        yield broken(CREDENTIALS, f"{source}: {seen.key}", NO_KEY)
        return
    yield from _endpoints(seen, settings)
    yield _key(seen, source)
    yield _clock(seen)
    if (refusal := _blaming(seen, ACCOUNT)) is not None:
        yield failed(ACCOUNT, refusal)


def _region(seen: Cloud, settings: Settings) -> Finding:
    refusal = _blaming(seen, REGION)
    if refusal is not None:
        return broken(REGION, f"{seen.rules.region}: {refusal.fault}", f"correct it: {SET_REGION}")
    return ok(REGION, f"{seen.rules.region} ({'configured' if settings.region else 'found out'})")


def _origin(settings: Settings, given: Given) -> str:
    """Where a key that is written down stands."""
    if settings.source.key is None:
        return ""
    return f" of {given.file}" if given.values.get("accessKeyID") else " of the environment"


def _endpoints(seen: Cloud, settings: Settings) -> Iterator[Finding]:
    """One finding for each product that is called."""
    for product in PRODUCTS:
        answers = [one for action, one in seen.answers.items() if action.product == product]
        check, silence = f"{ENDPOINT} {product}", next((one for one in answers if one is not None), None)
        if any(is_heard(one) for one in answers):
            yield ok(check, seen.hosts[product])
        elif silence is not None:
            yield failed(check, silence, f"check the region ({seen.rules.region}); {_way(settings)}")


def _way(settings: Settings) -> str:
    if settings.network == "vpc":
        return "add --network=public if this machine is outside of the VPC; else check DNS and the network"
    return "check DNS, HTTPS_PROXY and the firewall; inside of the VPC leave --network=public out"


def _key(seen: Cloud, source: str) -> Finding:
    refusal = _blaming(seen, CREDENTIALS)
    if refusal is not None:
        return failed(CREDENTIALS, refusal)
    if not any(is_heard(one) for one in seen.answers.values()):
        return unchecked(CREDENTIALS, f"{source}; because of: {ENDPOINT}")
    return ok(CREDENTIALS, f"{source}, accepted")


def _clock(seen: Cloud) -> Finding:
    refusal = _blaming(seen, CLOCK)
    if seen.skew is None and refusal is None:
        return unchecked(CLOCK, "the cloud did not tell its time")
    skew = seen.skew or 0.0
    if refusal is not None:
        return broken(CLOCK, f"{_told(skew)}: {refusal.fault}", SET_CLOCK)
    if abs(skew) > SKEW_TOLD:
        return warning(CLOCK, f"{_told(skew)}; calls are refused from 15 minutes on", SET_CLOCK)
    return ok(CLOCK, _told(skew))


def _told(skew: float) -> str:
    """The cloud tells its time in whole seconds."""
    if abs(skew) < EXACT:
        return "as the cloud's"
    return f"{abs(skew):.0f} s {'ahead of' if skew > 0 else 'behind'} the cloud's"


def _blaming(seen: Cloud, check: str) -> Trouble | None:
    """The first answer that puts the blame there."""
    return next((one for one in seen.answers.values() if one is not None and blamed(one) == check), None)
