"""The option --net of demo and sandbox: addresses of this machine's loopback, or a private network, routed or not."""

import argparse
import os
import sys

from yunqiao.cli.sandboxed.namespace import Namespace, go_in, why_not

LOOPBACK, PRIVATE, AUTO, KERNEL = CHOICES = ("loopback", "private", "auto", "kernel")


class NotPossible(Exception):
    """The system forbids the network that was asked for; the text names what is missing and the fix."""


def add_option(parser: argparse.ArgumentParser) -> None:
    """Declare --net, whose default is the environment variable NET."""
    parser.add_argument(
        "--net",
        type=_choice,
        default=os.environ.get("NET") or LOOPBACK,
        metavar="|".join(CHOICES),
        help="loopback (default): addresses of 127.0.0.0/8, reachable from everywhere on this machine; private: a "
        "network namespace in which every address and port is as in the cloud (Linux, root or not); auto: private "
        "where possible; kernel: private, and every instance a network namespace of its own, so that packets between "
        "nodes go where the VPC's route table says (needs iproute2). The environment variable NET says the same",
    )


def _choice(text: str) -> str:
    if text not in CHOICES:
        allowed = ", ".join(CHOICES)
        raise argparse.ArgumentTypeError(f"{text!r} (from --net or the environment variable NET): allowed: {allowed}")
    return text


def settle(net: str) -> Namespace | None:
    """Go where the option says: into a private network, from a child process on, or nowhere (None). Raises NotPossible.

    With `auto`, one line on the standard error says why it is loopback.
    """
    if net == LOOPBACK:
        return None
    if why := why_not(routed=net == KERNEL):
        if net != AUTO:
            raise NotPossible(f"a private network is not possible here: {why}; or use --net loopback")
        sys.stderr.write(f"--net auto takes loopback, since a private network is not possible here: {why}\n")
        return None
    return go_in(routed=net == KERNEL)
