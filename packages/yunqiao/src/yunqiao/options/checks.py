"""Which settings are wrong only when seen together? Rules across flags, cloud-config and environment."""

from collections.abc import Callable, Mapping, Sequence
from ipaddress import ip_network
from typing import Any

from yunqiao.options.setting import Note, Problem, nearest

ADDON_TOKEN = "/var/addon/token-config"  # noqa: S105 - the name of a file

TOGETHER = (
    ("accessKeyID", "accessKeySecret"),
    ("ACCESS_KEY_ID", "ACCESS_KEY_SECRET"),
    ("ALIBABA_CLOUD_ACCESS_KEY_ID", "ALIBABA_CLOUD_ACCESS_KEY_SECRET"),
    ("ALIBABA_CLOUD_ROLE_ARN", "ALIBABA_CLOUD_OIDC_PROVIDER_ARN", "ALIBABA_CLOUD_OIDC_TOKEN_FILE"),
)
"""Settings that only make sense together."""


def wrong_keys(given: Mapping[str, Any], exists: Callable[[str], bool]) -> tuple[Problem, ...]:
    """Find halves of credentials, and kinds of credentials that are not supported."""
    problems = []
    for names in TOGETHER:
        missing = [name for name in names if not given.get(name)]
        if missing and len(missing) < len(names):
            problems.append(Problem(missing[0], f"is missing; {', '.join(names)} are needed together"))
    if exists(ADDON_TOKEN):
        fix = "unmount it and set accessKeyID and accessKeySecret, RRSA or the instance's RAM role instead"
        problems.append(Problem(ADDON_TOKEN, f"is the encrypted token of a managed add-on, not supported; {fix}"))
    if given.get("uid") and given.get("accessKeyID"):
        fix = "remove uid (and use a key of that account, RRSA or the instance's RAM role)"
        problems.append(Problem("uid", f"would start an external program with the secret in its arguments; {fix}"))
    return tuple(problems)


def wrong_times(duration: float, deadline: float, period: float) -> tuple[Problem, ...]:
    """Leader election (seconds) is safe only when the holder gives up before others may take over."""
    if duration > deadline > period:
        return ()
    text = (
        f"{deadline:g}s must be shorter than --leader-elect-lease-duration ({duration:g}s) "
        f"and longer than --leader-elect-retry-period ({period:g}s)"
    )
    return (Problem("--leader-elect-renew-deadline", text),)


def cluster_cidrs(text: str) -> tuple[tuple[str, ...], tuple[Problem, ...], tuple[Note, ...]]:
    """Read --cluster-cidr; what an unfinished substitution leaves there means "derive it", with a warning."""
    if not text.strip():
        return (), (), ()
    if "${" in text or "cluster-cidr" in text:
        said = f"{text.strip()!r} is not a CIDR (left over from a script?); the nodes' pod CIDRs are used instead."
        return (), (), (Note("--cluster-cidr", said),)
    words = tuple(word.strip() for word in text.split(",") if word.strip())
    wrong = [word for word in words if not _is_cidr(word)]
    if wrong:
        return (), (Problem("--cluster-cidr", f'"{wrong[0]}" is not a CIDR such as 172.16.0.0/16'),), ()
    return words, (), ()


def _is_cidr(text: str) -> bool:
    try:
        ip_network(text, strict=False)
    except ValueError:
        return False
    return "/" in text


DRIFT = ("repair", "report", "ignore")


def drift_policies(words: Sequence[str]) -> tuple[dict[str, str], tuple[Problem, ...]]:
    """Read `repair,Scheduler=ignore`: the policy of each field, and under "" that of all others."""
    policies = {"": "repair"}
    problems = []
    for word in words:
        name, equals, policy = word.partition("=") if "=" in word else ("", "", word)
        if policy not in DRIFT or (equals and not name):
            near = nearest(policy, DRIFT)
            allowed = f'"{word}" is not one of {", ".join(DRIFT)}, or FIELD= and one of these'
            problems.append(Problem("--drift", allowed + (f"; did you mean {near}?" if near else "")))
        policies[name] = policy
    return policies, tuple(problems)
