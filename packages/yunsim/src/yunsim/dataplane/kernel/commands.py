"""What can be asked of the kernel, as values: commands of `ip` and `nft`, and settings below /proc/sys/net."""

from collections.abc import Iterable
from dataclasses import dataclass

HERE = ""
"""The namespace that this process is in."""


@dataclass(frozen=True, slots=True)
class Ip:
    """One command of iproute2's `ip`, in a namespace; `six` where it is about IPv6 and does not say so itself."""

    namespace: str
    text: str
    six: bool = False


@dataclass(frozen=True, slots=True)
class Nft:
    """Commands of nftables' `nft`, in a namespace."""

    namespace: str
    text: str


@dataclass(frozen=True, slots=True)
class Setting:
    """One value below /proc/sys/net, in a namespace."""

    namespace: str
    name: str
    value: str


Command = Ip | Nft | Setting


@dataclass(frozen=True, slots=True)
class Thing:
    """One part of the kernel: how to make it, and how to remove it again.

    `on` names the thing that it is a part of, with which the kernel takes it away.
    """

    make: tuple[Command, ...]
    remove: tuple[Command, ...]
    on: str = ""


def there_and_back(namespace: str, what: str, rest: Iterable[str], *, six: bool = False, on: str = "") -> Thing:
    """Make the thing for which `ip` takes `WHAT add REST` and, to remove it, `WHAT del REST`."""
    lines = tuple(rest)
    return Thing(
        tuple(Ip(namespace, f"{what} add {each}", six) for each in lines),
        tuple(Ip(namespace, f"{what} del {each}", six) for each in lines),
        on,
    )
