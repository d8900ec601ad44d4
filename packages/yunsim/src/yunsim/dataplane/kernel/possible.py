"""Whether this system lets us make a network, tried out; and what is missing where it does not."""

import json
import os
import re
import shutil
import subprocess
import sys
from ipaddress import ip_network
from pathlib import Path

from yunsim.dataplane.kernel.namespaces import SETTINGS, inside, search_path
from yunsim.dataplane.kernel.network import Block

_PREFIX = re.compile(r"[a-z0-9][a-z0-9.-]{0,30}")
_SECONDS = 10.0
ALTERNATIVE = (
    "start as root, or in namespaces of your own, if the system lets you: "
    "unshare -Urnmpf --kill-child sh -c 'mount -t tmpfs none /run && mkdir /run/netns && ip link set lo up && exec ...'"
)


class NotPossible(Exception):
    """No such network can be had here; the text says what is missing and what helps."""


def try_out(prefix: str) -> None:
    """Make a namespace and a pair of devices in it, and remove them. Raises NotPossible."""
    if not _PREFIX.fullmatch(prefix):
        raise NotPossible(
            f"the prefix {prefix!r} begins no name of a namespace: at most 31 lower case letters, digits, dots, hyphens"
        )
    if sys.platform != "linux":
        raise NotPossible(f"it is made of Linux network namespaces, and this system is {sys.platform}")
    if shutil.which("ip", path=search_path()) is None:
        raise NotPossible("the program `ip` is missing: install the package iproute2 (iproute on Fedora)")
    name = f"{prefix}trial{os.getpid()}"
    _ip("netns", "add", name)
    try:
        _ip("-n", name, "link", "add", "one", "type", "veth", "peer", "name", "other")
        _forward(name)
    finally:
        _ip("netns", "del", name)


def no_translation(prefix: str) -> str:
    """Say why addresses cannot be translated here, "" where they can: a rule is made in a namespace, and removed."""
    if shutil.which("nft", path=search_path()) is None:
        return "elastic addresses of instances need the program `nft`: install the package nftables"
    name = f"{prefix}trial{os.getpid()}"
    try:
        _ip("netns", "add", name)
        try:
            _ip(
                "netns",
                "exec",
                name,
                "nft",
                "add table ip trial; add chain ip trial nat { type nat hook input priority 0; }",
            )
        finally:
            _ip("netns", "del", name)
    except NotPossible as error:
        return f"elastic addresses of instances need a kernel with nftables and its NAT: {error}"
    return ""


def routed_here() -> list[Block]:
    """The networks that this machine has routes for, but the default ones and links' own. Raises NotPossible."""
    found = [route for family in ("-4", "-6") for route in json.loads(_ip("-json", family, "route", "show") or "[]")]
    networks = [ip_network(route["dst"]) for route in found if route["dst"] != "default"]
    return [each for each in networks if not each.is_link_local and not each.is_multicast]


def _forward(name: str) -> None:
    setting = SETTINGS / "ipv4/ip_forward"
    try:
        with inside(name):
            setting.write_text("1", encoding="ascii")
    except OSError as error:
        fix = "/proc/sys is read-only in most containers: start that one with --privileged"
        raise NotPossible(f"{setting} cannot be written in a new namespace: {error.strerror}; {fix}") from error


def _ip(*words: str) -> str:
    program = shutil.which("ip", path=search_path()) or "ip"
    try:
        done = subprocess.run(
            [program, *words], capture_output=True, text=True, timeout=_SECONDS, check=False, stdin=subprocess.DEVNULL
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise NotPossible(f"{Path(program).name} {' '.join(words)}: {error}") from error
    if done.returncode:
        raise NotPossible(f"`ip {' '.join(words)}` says: {' '.join(done.stderr.split())}; {ALTERNATIVE}")
    return done.stdout
