"""What has the user asked for? Flags, cloud-config and environment, put together into one frozen value.

`load` reports every problem at once. Precedence where two say the same: cloud-config, then flag or environment,
then the default; what is still empty (region, VPC, vSwitch, cluster id) is asked of the machine or of Kubernetes later.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from yunqiao.cloud.products import Endpoints
from yunqiao.cloud.providers import Rrsa, Source
from yunqiao.cloud.sign import AccessKey
from yunqiao.options.checks import cluster_cidrs, drift_policies, wrong_keys, wrong_times
from yunqiao.options.cloud_config import GATES, KEYS, parse_cloud_config, parse_gates, parse_vswitches
from yunqiao.options.environment import VARIABLES
from yunqiao.options.flags import FLAGS, parse_flags, usage
from yunqiao.options.setting import Note, Problem, settle

STS_EVERYWHERE = "https://sts.aliyuncs.com"
"""The STS endpoint that serves all regions, used while the region is not known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaseSettings:
    """Leader election; times in seconds. `legacy_lock` names the lock kind of an older controller to honour too."""

    enabled: bool = True
    namespace: str = "kube-system"
    name: str = "ccm"
    duration: float = 15.0
    renew_deadline: float = 10.0
    retry_period: float = 2.0
    legacy_lock: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything that the user decided, checked. Empty texts mean: find out."""

    region: str = ""
    network: str = "vpc"
    endpoints: Endpoints = field(default_factory=Endpoints)
    metadata_endpoint: str = "http://100.100.100.200"
    source: Source = field(default_factory=Source)
    cluster_id: str | None = None
    vpc_id: str = ""
    vswitches: tuple[tuple[str, str], ...] = ()
    resource_group_id: str = ""
    disable_public_slb: bool = False
    backend_type: str = "ecs"
    feature_gates: Mapping[str, bool] = field(default_factory=lambda: dict(GATES))
    controllers: tuple[str, ...] = ("node", "route", "service", "nlb")
    service_workers: int = 64
    node_workers: int = 1
    nodes_per_call: int = 100
    routes_per_call: int = 50
    node_event_wait: float = 1.0
    skip_source_dest_check: bool = False
    configure_routes: bool = True
    cluster_cidrs: tuple[str, ...] = ()
    route_period: float = 300.0
    route_table_ids: tuple[str, ...] = ()
    lease: LeaseSettings = field(default_factory=LeaseSettings)
    kubeconfig: str = ""
    drift: Mapping[str, str] = field(default_factory=lambda: {"": "repair"})
    cloud_rates: str = "documented"
    kube_qps: int = 200
    kube_burst: int = 400
    health_address: str = ":10258"
    metrics_address: str = "127.0.0.1:8080"
    dry_run: bool = False
    verbosity: int = 0
    notes: tuple[Note, ...] = ()

    @property
    def scheme(self) -> str:
        """`https`, or `http` for tests."""
        return self.endpoints.scheme

    @property
    def log_level(self) -> str:
        """`DEBUG` from -v=4 on, else `INFO`."""
        return "DEBUG" if self.verbosity >= 4 else "INFO"


class Unusable(Exception):
    """The settings cannot be used; the text has every problem, `exit_code` is 2 for a wrong command line, else 1."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        self.exit_code = 2 if any(problem.unknown for problem in problems) else 1
        lines = [str(problem) for problem in problems]
        super().__init__("\n".join([*lines, "", usage()] if self.exit_code == 2 else lines))


class HelpWanted(Exception):
    """`--help` was given; the text is what to print."""


def load(
    arguments: Sequence[str],
    environment: Mapping[str, str],
    read_file: Callable[[str], str],
    exists: Callable[[str], bool],
) -> Settings:
    """Give the settings; raises Unusable with every problem, HelpWanted for `--help`.

    `read_file` gives the text of a file (OSError when it cannot), `exists` tells whether there is one.
    """
    flags, wrong_flags, flag_notes = parse_flags(arguments)
    if flags.get("help"):
        raise HelpWanted(usage())
    config, wrong_config, config_notes = _config(flags.get("cloud-config", ""), read_file)
    given = {name: text for name, text in environment.items() if text.strip()}
    variables, wrong_variables, variable_notes = settle(VARIABLES, given)
    cidrs, wrong_cidrs, cidr_notes = cluster_cidrs(flags.get("cluster-cidr", ""))
    gates, gate_notes = parse_gates(config.get("featureGates", ()))
    drift, wrong_drift = drift_policies(_Given(FLAGS, flags)["drift"])
    lease = _lease(_Given(FLAGS, flags))
    problems = (*wrong_flags, *wrong_config, *wrong_variables, *wrong_cidrs, *wrong_drift)
    problems += wrong_times(lease.duration, lease.renew_deadline, lease.retry_period)
    undecodable = {problem.name.rpartition(" ")[2]: True for problem in wrong_config}  # wrong, but not missing
    problems += wrong_keys({**undecodable, **config, **variables}, exists)
    if problems:
        raise Unusable(problems)
    notes = (*flag_notes, *config_notes, *variable_notes, *cidr_notes, *gate_notes)
    together = _together(_Given(FLAGS, flags), _Given(KEYS, config), _Given(VARIABLES, variables), cidrs, gates, notes)
    return replace(together, drift=drift)


_BACKENDS = {"true": "eni", "false": "ecs", "": ""}
"""What SERVICE_FORCE_BACKEND_ENI means."""


class _Given:
    """Values that were given, with the declared defaults behind them."""

    def __init__(self, declared: Sequence[Any], values: Mapping[str, Any]) -> None:
        self._values = {setting.name: setting.default for setting in declared} | dict(values)

    def __getitem__(self, name: str) -> Any:
        return self._values[name]


def _together(
    flags: _Given,
    config: _Given,
    variables: _Given,
    cidrs: tuple[str, ...],
    gates: Mapping[str, bool],
    notes: tuple[Note, ...],
) -> Settings:
    return Settings(
        region=config["region"] or variables["ALIBABA_CLOUD_REGION_ID"],
        network=flags["network"],
        endpoints=_endpoints(flags["network"], variables),
        metadata_endpoint=variables["METADATA_ENDPOINT"],
        source=_source(flags["network"], config, variables),
        cluster_id=config["clusterID"] or None,
        vpc_id=config["vpcid"],
        vswitches=parse_vswitches(config["vswitchid"]),
        resource_group_id=config["resourceGroupID"],
        disable_public_slb=config["disablePublicSLB"],
        backend_type=_BACKENDS[variables["SERVICE_FORCE_BACKEND_ENI"]] or config["serviceBackendType"] or "ecs",
        feature_gates=gates,
        controllers=flags["controllers"],
        service_workers=config["serviceMaxConcurrentReconciles"] or flags["concurrent-service-syncs"],
        node_workers=config["nodeMaxConcurrentReconciles"] or 1,
        nodes_per_call=flags["node-reconcile-batch-size"] or 100,
        routes_per_call=flags["route-reconcile-batch-size"],
        node_event_wait=max(0.0, float(flags["node-event-aggregation-wait-seconds"])),
        skip_source_dest_check=flags["skip-disable-source-dest-check"],
        configure_routes=flags["configure-cloud-routes"],
        cluster_cidrs=cidrs,
        route_period=max(60.0, flags["route-reconciliation-period"]),
        route_table_ids=config["routeTableIDs"],
        lease=_lease(flags),
        kubeconfig=flags["kubeconfig"] or variables["KUBECONFIG"],
        cloud_rates=flags["cloud-api-rates"],
        kube_qps=flags["kube-api-qps"],
        kube_burst=flags["kube-api-burst"],
        health_address=flags["health-probe-bind-addr"],
        metrics_address=flags["metrics-bind-addr"],
        dry_run=flags["dry-run"],
        verbosity=flags["v"],
        notes=notes,
    )


def _config(name: str, read_file: Callable[[str], str]) -> tuple[dict[str, Any], tuple[Problem, ...], tuple[Note, ...]]:
    if not name:
        return {}, (), ()
    try:
        text = read_file(name)
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8"
        return {}, (Problem("--cloud-config", f'"{name}" cannot be read: {reason}'),), ()
    return parse_cloud_config(text, name)


def _lease(flags: _Given) -> LeaseSettings:
    lock = flags["leader-elect-resource-lock"]
    return LeaseSettings(
        enabled=flags["leader-elect"],
        namespace=flags["leader-elect-resource-namespace"],
        name=flags["leader-elect-resource-name"],
        duration=flags["leader-elect-lease-duration"],
        renew_deadline=flags["leader-elect-renew-deadline"],
        retry_period=flags["leader-elect-retry-period"],
        legacy_lock="" if lock == "leases" else lock.removesuffix("leases"),
    )


def _endpoints(network: str, variables: _Given) -> Endpoints:
    overrides = {name: _host(variables[f"{name.upper()}_ENDPOINT"]) for name in ("slb", "ecs", "vpc", "nlb", "sts")}
    scheme = str(variables["ALICLOUD_CLIENT_SCHEME"]).lower()
    return Endpoints(network, scheme, {name: host for name, host in overrides.items() if host})


def _host(text: str) -> str:
    """Drop a scheme and a path: `http://127.0.0.1:8080/x` is `127.0.0.1:8080`."""
    return re.sub(r"^[a-z]+://", "", text.strip(), flags=re.IGNORECASE).partition("/")[0]


def _source(network: str, config: _Given, variables: _Given) -> Source:
    endpoints = _endpoints(network, variables)
    region = config["region"] or variables["ALIBABA_CLOUD_REGION_ID"]
    role = variables["ALIBABA_CLOUD_ROLE_ARN"]
    arn, file = variables["ALIBABA_CLOUD_OIDC_PROVIDER_ARN"], variables["ALIBABA_CLOUD_OIDC_TOKEN_FILE"]
    rrsa = Rrsa(role, arn, file, variables["ALIBABA_CLOUD_ROLE_SESSION_NAME"]) if role and arn and file else None
    return Source(
        key=_given_key(config, variables),
        rrsa=rrsa,
        uri=variables["ALIBABA_CLOUD_CREDENTIALS_URI"],
        role=variables["ALIBABA_CLOUD_ECS_METADATA"],
        sts=endpoints.url("sts", region) if region or "sts" in endpoints.overrides else STS_EVERYWHERE,
    )


def _given_key(config: _Given, variables: _Given) -> AccessKey | None:
    pairs = (
        (config["accessKeyID"], config["accessKeySecret"], ""),
        (variables["ACCESS_KEY_ID"], variables["ACCESS_KEY_SECRET"], ""),
        (
            variables["ALIBABA_CLOUD_ACCESS_KEY_ID"],
            variables["ALIBABA_CLOUD_ACCESS_KEY_SECRET"],
            variables["ALIBABA_CLOUD_SECURITY_TOKEN"],
        ),
    )
    return next((AccessKey(*pair) for pair in pairs if pair[0] and pair[1]), None)
