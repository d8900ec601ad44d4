"""The commands `yunqiao` and `cloud-controller-manager`: which file of this folder has the word."""

import sys
from collections.abc import Callable, Mapping, Sequence

from yunqiao import __version__
from yunqiao.cli import annotations, demo, doctor, explain, init_node, plan, run, sandbox

COMMANDS: Mapping[str, tuple[Callable[[Sequence[str]], int], str]] = {
    "run": (run.main, "the cloud controller manager itself (also installed as cloud-controller-manager)"),
    "plan": (plan.main, "what the controller would do about a Service or a manifest, field by field"),
    "explain": (explain.main, "why a Service answers or does not: the first broken link and what to do"),
    "doctor": (
        doctor.main,
        "whether the installation works: configuration, rights, nodes, routes; each fault with its fix",
    ),
    "init-node": (init_node.main, "write on this machine's Node which ECS instance it is (run once on every node)"),
    "annotations": (annotations.main, "what a Service may ask for; as a table, JSON Schema or admission policy"),
    "sandbox": (sandbox.main, "a cloud, a cluster and the controller on this machine, to play with"),
    "demo": (demo.main, "the same, with a Service's whole life played before your eyes"),
}

HEAD = """usage: yunqiao COMMAND [OPTIONS]

Alibaba Cloud for Kubernetes clusters that you built yourself.

commands:"""
EXAMPLE = """
example:
  yunqiao demo
  yunqiao run --cloud-config /etc/kubernetes/config/cloud-config.conf --kubeconfig ~/.kube/config
  yunqiao COMMAND --help
"""


def usage() -> str:
    """What `yunqiao --help` prints."""
    width = max(map(len, COMMANDS))
    lines = [f"  {name:<{width}}  {text}" for name, (_, text) in COMMANDS.items()]
    return "\n".join([HEAD, *lines, EXAMPLE])


def main() -> int:
    """Run `yunqiao`; returns the exit status, 2 for a wrong command line."""
    arguments = sys.argv[1:]
    if not arguments or arguments[0] in ("-h", "--help", "help"):
        sys.stdout.write(usage())
        return 0
    if arguments[0] == "--version":
        sys.stdout.write(f"yunqiao {__version__}\n")
        return 0
    if arguments[0] not in COMMANDS:
        sys.stderr.write(f'yunqiao: there is no command "{arguments[0]}"\n\n{usage()}')
        return 2
    return COMMANDS[arguments[0]][0](arguments[1:])


def run_manager() -> int:
    """Run `cloud-controller-manager`: the same as `yunqiao run`."""
    return run.main(sys.argv[1:])
