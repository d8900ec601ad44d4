"""How to use a sandbox that runs: the facts, for programs and for `yunqiao sandbox --enter`, and the same as text."""

import os
import shlex
import sys
from pathlib import Path
from typing import Any

from yunqiao.cli.sandboxed.places import KEY_ID, KEY_SECRET, MACHINES, NAMESPACES, REGION, VPC
from yunqiao.cli.sandboxed.ranges import PORT_SHIFT, lowest_port
from yunqiao.cli.sandboxed.sandbox import Sandbox
from yunqiao.cli.sandboxed.telling import Teller

Facts = dict[str, Any]


def facts(box: Sandbox) -> Facts:
    """Everything that somebody needs to use it, as JSON data."""
    namespace = box.namespace
    return {
        "net": box.net,
        "pid": namespace.pid if namespace else os.getpid(),
        "cloud": box.cloud,
        "cluster": box.cluster,
        "kubeconfig": str(box.kubeconfig),
        "logs": str(box.folder),
        "sdk": {
            "access_key_id": KEY_ID,
            "access_key_secret": KEY_SECRET,
            "region_id": REGION,
            "endpoint": box.cloud.removeprefix("http://"),
            "protocol": "http",
        },
        "state": f"{box.cloud}/_yunsim/state",
        "calls": f"{box.cloud}/_yunsim/calls",
        "ports": {"lowest": lowest_port(), "shift": PORT_SHIFT},
        "enter": [str(Path(sys.executable).with_name("yunqiao")), "sandbox", "--enter"] if namespace else [],
        "nsenter": namespace.nsenter if namespace else [],
        "network": str(Path("/proc/self/ns/net").readlink()) if namespace else "",
    }


def explain(teller: Teller, told: Facts) -> None:
    """Tell the facts to somebody at a terminal."""
    teller.table([[name, told[name]] for name in ("net", "cloud", "cluster", "logs")])
    if told["enter"]:
        _explain_entry(teller, told)
    if told["net"] == "kernel":
        _explain_machines(teller, told)
    teller.chapter("kubectl")
    teller.line(f"export KUBECONFIG={told['kubeconfig']}")
    teller.line("kubectl apply -f examples/nginx.yaml")
    teller.line("kubectl get service nginx --watch")
    teller.line("curl http://EXTERNAL-IP/")
    if (lowest := told["ports"]["lowest"]) > 1:
        teller.line(
            f"This user may not open ports below {lowest}. Such a port is served {told['ports']['shift']} higher:"
        )
        teller.line(f"80 at {80 + told['ports']['shift']}, so: curl http://EXTERNAL-IP:{80 + told['ports']['shift']}/")
    teller.chapter("An Alibaba Cloud SDK, such as alibabacloud-slb20140515")
    teller.line(f"Config({', '.join(f'{name}={value!r}' for name, value in told['sdk'].items())})")
    teller.chapter("What the cloud holds, where listeners really listen, and the calls so far")
    teller.line(f"curl {told['state']}")
    teller.line(f"curl {told['calls']}")
    teller.chapter("Ctrl-C stops everything")


def _explain_machines(teller: Teller, told: Facts) -> None:
    enter, worker, router = shlex.join(told["enter"]), f"{NAMESPACES}{MACHINES[1].id}", f"{NAMESPACES}{VPC}"
    teller.chapter("Each instance is a network namespace, and the VPC one whose routes are the route table's entries")
    teller.table([
        [f"{enter} -- ip netns exec {worker} bash", "a shell on worker-1"],
        [f"{enter} -- ip -n {router} route show table all proto 100", "what the VPC's router knows of pods"],
    ])  # fmt: skip


def _explain_entry(teller: Teller, told: Facts) -> None:
    enter, nsenter = shlex.join(told["enter"]), shlex.join(told["nsenter"])
    teller.chapter("All of the following works inside this network only; how to go in, from another terminal")
    teller.table([
        [enter, "a shell"],
        [f"{enter} -- kubectl get nodes", "one command"],
        [nsenter, "the same without yunqiao"],
    ])  # fmt: skip
