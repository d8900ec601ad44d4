"""Which flags does the controller take? Those of the incumbent's, so that its manifests work unchanged.

Written as Go programs take them: `--flag=value`, `--flag value`, bare `--boolean`, `-v=2`; `_` and `-` are the same.
Source: cmd/manager of github.com/kubernetes/cloud-provider-alibaba-cloud.
"""

from collections.abc import Sequence

from yunqiao.options.setting import Note, Problem, Setting, Settled, nearest, printed, settle

CONTROLLERS = ("service", "nlb", "node", "route", "ingress", "pvtz")
NO_WORK = "nothing that yunqiao does depends on it."
LOGGING = "logs go to standard error; only -v counts."

FLAGS: tuple[Setting, ...] = (
    Setting("cloud-config", "string", "", "File with the cloud's settings (YAML or JSON, one object `Global`)."),
    Setting("kubeconfig", "string", "", "How to reach the Kubernetes API; else KUBECONFIG, else in-cluster."),
    Setting("controllers", "list", ("node", "route", "service", "nlb"), "Controllers to run.", allowed=CONTROLLERS),
    Setting("network", "string", "vpc", "Endpoints inside the VPC or on the internet.", allowed=("vpc", "public")),
    Setting("dry-run", "boolean", False, "Say what would be changed, change nothing."),
    Setting("configure-cloud-routes", "boolean", True, "Write a VPC route for each node's pod CIDR."),
    Setting("cluster-cidr", "string", "", "Pod CIDRs of the cluster, comma separated; empty: derived from the nodes."),
    Setting("route-reconciliation-period", "duration", 300.0,
            "Time between two full looks at the routes, 1m at the least.", least=1),
    Setting("route-reconcile-batch-size", "integer", 50, "Routes per call.", least=1),
    Setting("node-reconcile-batch-size", "integer", 100, "Nodes per call.", least=0),
    Setting("node-event-aggregation-wait-seconds", "integer", 1, "Seconds in which node events are gathered."),
    Setting("skip-disable-source-dest-check", "boolean", False, "Leave the nodes' network interfaces as they are."),
    Setting("sg-batch-size", "integer", 20, "Backends per call.", least=1,
            ignored="calls carry as many as the API documents, 20 for CLB."),
    Setting("concurrent-service-syncs", "integer", 64, "Services that are worked on at a time.", least=1,
            deprecated="use serviceMaxConcurrentReconciles in the cloud-config, which wins when both are set."),
    Setting("max-concurrent-actions", "integer", 10, "Calls in flight for one Service.", least=1,
            ignored="a load balancer takes one change at a time."),
    Setting("max-throttling-retry-times", "integer", 10, "Tries of a throttled call.", least=1,
            ignored="throttled calls are repeated for as long as it takes, at the rate that the cloud allows."),
    Setting("enable-imdsv2", "boolean", True, "Read instance metadata with a session token.",
            ignored="a token is always tried first."),
    Setting("leader-elect", "boolean", True, "Work only while holding the Lease."),
    Setting("leader-elect-lease-duration", "duration", 15.0, "Time after which others may take the Lease.", least=1),
    Setting("leader-elect-renew-deadline", "duration", 10.0, "Time in which the holder must renew the Lease.", least=1),
    Setting("leader-elect-retry-period", "duration", 2.0, "Time between two tries.", least=1),
    Setting("leader-elect-resource-lock", "string", "leases", "Kind of the lock; the lock is always a Lease.",
            allowed=("leases", "endpoints", "configmaps", "endpointsleases", "configmapsleases")),
    Setting("leader-elect-resource-name", "string", "ccm", "Name of the Lease."),
    Setting("leader-elect-resource-namespace", "string", "kube-system", "Namespace of the Lease."),
    Setting("drift", "list", ("repair",),
            "What to do about changes by hand: repair, report or ignore; FIELD=POLICY for a single field, such as "
            "Scheduler=ignore or listeners=report. Fields: API parameters; tags; backends (server groups and who is in "
            "them); listeners (which there are, whether they run, their groups, descriptions, further domains and "
            "source ranges); instance (that there is one)."),
    Setting("cloud-api-rates", "string", "documented",
            "How fast the cloud is called: as documented per action, or unlimited (raised quotas).",
            allowed=("documented", "unlimited")),
    Setting("kube-api-qps", "integer", 200, "Requests per second to the Kubernetes API.", least=1),
    Setting("kube-api-burst", "integer", 400, "Requests to the Kubernetes API at once.", least=1),
    Setting("health-probe-bind-addr", "address", ":10258", "Where /healthz and /readyz are served; 0 turns it off."),
    Setting("metrics-bind-addr", "address", "127.0.0.1:8080", "Where /metrics is served; 0 turns it off."),
    Setting("pprof-bind-addr", "address", "127.0.0.1:6060", "Where profiles are served; 0 turns it off.",
            ignored="no profiles are served."),
    Setting("v", "integer", 0, "How much is logged: from 4 on, everything."),
    Setting("help", "boolean", False, "Print this list."),
    Setting("cloud-provider", "string", "alibabacloud", "Name of the cloud.", ignored="there is one cloud."),
    Setting("cluster-name", "string", "kubernetes", "Name of the cluster.",
            ignored="clusterID in the cloud-config names it."),
    Setting("use-service-account-credentials", "boolean", False, "One ServiceAccount per controller.", ignored=NO_WORK),
    Setting("allocate-node-cidrs", "boolean", False, "Give nodes pod CIDRs.",
            ignored="kube-controller-manager or the network plugin gives nodes their pod CIDRs."),
    Setting("allow-untagged-cloud", "boolean", False, "Work without a cluster tag.", ignored=NO_WORK),
    Setting("node-monitor-period", "duration", 300.0, "Time between two looks at the nodes.", ignored=NO_WORK),
    Setting("logtostderr", "boolean", True, "Log to standard error.", ignored=LOGGING),
    Setting("alsologtostderr", "boolean", False, "Log to standard error too.", ignored=LOGGING),
    Setting("stderrthreshold", "string", "2", "Least severity on standard error.", ignored=LOGGING),
    Setting("vmodule", "string", "", "Log levels by file.", ignored=LOGGING),
    Setting("log-dir", "string", "", "Folder for log files.", ignored=LOGGING),
    Setting("log-file", "string", "", "Log file.", ignored=LOGGING),
    Setting("log-file-max-size", "integer", 1800, "Size of the log file in MB.", ignored=LOGGING),
    Setting("log-backtrace-at", "string", "", "Log line that brings a backtrace.", ignored=LOGGING),
    Setting("add-dir-header", "boolean", False, "Folder in log lines.", ignored=LOGGING),
    Setting("skip-headers", "boolean", False, "No headers in log lines.", ignored=LOGGING),
    Setting("skip-log-headers", "boolean", False, "No headers in log files.", ignored=LOGGING),
    Setting("one-output", "boolean", False, "Log each line once.", ignored=LOGGING),
)  # fmt: skip

_BY_NAME = {flag.name: flag for flag in FLAGS}
_SHORT = {"h": "help"}


def parse_flags(arguments: Sequence[str]) -> Settled:
    """Read a command line; the last of several values counts, as in Go."""
    given: dict[str, str] = {}
    problems: list[Problem] = []
    rest = list(arguments)
    while rest:
        word = rest.pop(0)
        name, equals, text = _split(word)
        if name not in _BY_NAME:
            problems.append(_unknown(word, name))
        elif equals:
            given[name] = text
        elif _BY_NAME[name].kind == "boolean":
            given[name] = "true"
        elif rest:
            given[name] = rest.pop(0)
        else:
            problems.append(Problem(word, f"a value is missing; write {word}=VALUE"))
    values, wrong, notes = settle(FLAGS, given, "--")
    return values, (*problems, *wrong), (*notes, *_old_lock(values))


def usage() -> str:
    """What `--help` prints."""
    return "\n".join(["Flags:", *(f"  {_shown(flag)}\n        {_described(flag)}" for flag in FLAGS)])


def _shown(flag: Setting) -> str:
    dashes = "-" if len(flag.name) == 1 else "--"
    return f"{dashes}{flag.name}" if flag.kind == "boolean" else f"{dashes}{flag.name}={flag.kind}"


def _described(flag: Setting) -> str:
    default = printed(flag)
    parts = [flag.help, f"Default: {default}." if default else ""]
    parts += [f"One of {', '.join(flag.allowed)}." if flag.allowed else ""]
    parts += [f"Ignored: {flag.ignored}" if flag.ignored else ""]
    parts += [f"Deprecated: {flag.deprecated}" if flag.deprecated else ""]
    return " ".join(part for part in parts if part)


def _split(word: str) -> tuple[str, str, str]:
    """Part `--name=value`; `-v2` is `-v=2`, and a name that begins without dashes stays unknown."""
    if word.startswith("-v") and word[2:].isdecimal():
        return "v", "=", word[2:]
    name, equals, text = word.partition("=")
    if name.startswith("--"):
        return name[2:].replace("_", "-"), equals, text
    short = name[1:]
    return (_SHORT.get(short, short if len(short) == 1 else name) if name.startswith("-") else name), equals, text


def _unknown(word: str, name: str) -> Problem:
    if not word.startswith("-"):
        return Problem(f'"{word}"', "there are flags only, no arguments", unknown=True)
    meant = nearest(name.lstrip("-"), _BY_NAME)
    return Problem(word.partition("=")[0], f"unknown flag{f'; did you mean --{meant}?' if meant else ''}", unknown=True)


def _old_lock(values: dict[str, object]) -> tuple[Note, ...]:
    lock = values.get("leader-elect-resource-lock", "leases")
    if lock == "leases":
        return ()
    text = f'"{lock}" is outdated (Kubernetes 1.24 removed it); the lock is a Lease. Remove the flag or write leases.'
    return (Note("--leader-elect-resource-lock", text),)
