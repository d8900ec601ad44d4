"""Why the system forbids a private network, and what its owner can do about it."""

import errno
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

Setting = Callable[[str], str]
"""The value of a system setting, such as `user/max_net_namespaces`; empty when this system has no such setting."""
ENOUGH = "15000"


@dataclass(frozen=True, slots=True)
class Switch:
    """A system setting that forbids namespaces while it has one value; `good` is one that allows them."""

    name: str
    forbids: str
    good: str


LIMITS = (
    Switch("user/max_user_namespaces", "0", ENOUGH),
    Switch("user/max_net_namespaces", "0", ENOUGH),
    Switch("user/max_pid_namespaces", "0", ENOUGH),
)
PERMISSIONS = (
    Switch("kernel/unprivileged_userns_clone", "0", "1"),  # Debian's kernels
    Switch("kernel/apparmor_restrict_unprivileged_userns", "1", "0"),  # Ubuntu since 23.10
)


def read_setting(name: str) -> str:
    """Ask the running kernel."""
    try:
        return Path("/proc/sys", name).read_text(encoding="ascii").strip()
    except OSError:
        return ""


def refusal(error: OSError, setting: Setting = read_setting) -> str:
    """What stands in the way of what failed with this error, and the fix."""
    refused = f"{error.filename or 'the system'} says {error.strerror}"
    return f"{refused}: {'; '.join(_switched_off(error, setting)) or _otherwise(error)}"


def _switched_off(error: OSError, setting: Setting) -> Iterator[str]:
    for switch in LIMITS if error.errno == errno.ENOSPC else PERMISSIONS:
        if setting(switch.name) == switch.forbids:
            name = switch.name.replace("/", ".")
            yield (
                f"the system setting {name} is {switch.forbids}; "
                f"its administrator may change it with `sysctl -w {name}={switch.good}`"
            )


def _otherwise(error: OSError) -> str:
    if error.errno == errno.ENOSPC:
        return "a limit on namespaces is reached (the system settings user.max_*_namespaces); end some or raise it"
    if error.errno in (errno.EINVAL, errno.ENOSYS):
        return "this kernel was built without user, network or process namespaces; use another one"
    return (
        "something forbids new namespaces, most often the seccomp profile of a container; "
        "start that with `--security-opt seccomp=unconfined`, or with `--cap-add SYS_ADMIN` if its user is root"
    )
