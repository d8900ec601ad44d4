"""What users write, as they write it: the incumbent's manifests and configs unchanged, and every mistake explained."""

import base64
import json
from collections.abc import Mapping
from typing import Any

import pytest

from yunqiao.options.cloud_config import KEYS
from yunqiao.options.environment import VARIABLES
from yunqiao.options.flags import FLAGS
from yunqiao.options.setting import parse
from yunqiao.settings import HelpWanted, Settings, Unusable, load

WALKTHROUGH = """\
--leader-elect=true
--cloud-provider=alicloud
--use-service-account-credentials=true
--cloud-config=/etc/kubernetes/config/cloud-config.conf
--configure-cloud-routes=true
--route-reconciliation-period=3m
--leader-elect-resource-lock=endpoints
--cluster-cidr=${ClusterCIDR}
""".splitlines()


def b64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def loaded(
    *arguments: str,
    config: Mapping[str, Any] | str | None = None,
    environment: Mapping[str, str] | None = None,
    present: tuple[str, ...] = (),
) -> Settings:
    text = config if isinstance(config, str) else json.dumps({"Global": config or {}})
    given = (*arguments, "--cloud-config=cloud.conf") if config is not None else arguments
    return load(given, environment or {}, lambda _: text, lambda path: path in present)


def refused(*arguments: str, **more: Any) -> Unusable:
    with pytest.raises(Unusable) as caught:
        loaded(*arguments, **more)
    return caught.value


def test_the_walkthrough_works_as_written() -> None:
    text = f"""{{
        "Global": {{
            "accessKeyID": "{b64("LTAI4Fexample")}",
            "accessKeySecret": "{b64("HAeSexample")}",
            "region": "cn-hangzhou"
        }}
    }}"""
    settings = load(WALKTHROUGH, {}, {"/etc/kubernetes/config/cloud-config.conf": text}.__getitem__, lambda _: False)
    assert settings.region == "cn-hangzhou"
    assert settings.source.key is not None
    assert (settings.source.key.id, settings.source.key.secret) == ("LTAI4Fexample", "HAeSexample")
    assert (settings.lease.namespace, settings.lease.name) == ("kube-system", "ccm")
    assert settings.lease.legacy_lock == "endpoints"
    assert settings.configure_routes
    assert settings.cluster_cidrs == ()
    assert settings.route_period == 180
    assert settings.cluster_id is None
    assert settings.network == "vpc"
    assert [(note.name, note.level) for note in settings.notes] == [
        ("--cloud-provider", "info"),
        ("--use-service-account-credentials", "info"),
        ("--leader-elect-resource-lock", "warning"),
        ("--cluster-cidr", "warning"),
    ]
    assert "HAeSexample" not in repr(settings)


@pytest.mark.parametrize(
    "arguments",
    [("--dry-run", "--network", "public"), ("--dry-run=true", "--network=public"), ("--dry_run", "--network=public")],
)
def test_flags_are_written_as_go_programs_take_them(arguments: tuple[str, ...]) -> None:
    settings = loaded(*arguments)
    assert (settings.dry_run, settings.network) == (True, "public")


@pytest.mark.parametrize("flag", [("-v=4",), ("-v", "4"), ("-v4",), ("--v=4",)])
def test_verbosity_is_written_as_klog_takes_it(flag: tuple[str, ...]) -> None:
    assert loaded(*flag).log_level == "DEBUG"
    assert loaded("-v=2").log_level == "INFO"


def test_the_last_of_several_values_counts() -> None:
    assert loaded("--leader-elect", "--leader-elect=false").lease.enabled is False


@pytest.mark.parametrize("flag", FLAGS, ids=lambda flag: flag.name)
def test_every_flag_takes_its_own_default(flag: Any) -> None:
    text = ",".join(flag.default) if isinstance(flag.default, tuple) else str(flag.default)
    text = f"{flag.default:g}s" if flag.kind == "duration" else text
    assert parse(flag, text) == flag.default


def test_an_unknown_flag_is_a_usage_error_that_suggests_the_nearest() -> None:
    error = refused("--leader-elct=true", "--netwrk", "stray")
    assert error.exit_code == 2
    assert "--leader-elct: unknown flag; did you mean --leader-elect?" in str(error)
    assert "--netwrk: unknown flag; did you mean --network?" in str(error)
    assert "there are flags only, no arguments" in str(error)
    assert "--cloud-config=string" in str(error)


def test_every_problem_is_told_at_once() -> None:
    error = refused(
        "--network=vcp",
        "--controllers=node,svc",
        "--route-reconciliation-period=3",
        "--kube-api-qps=many",
        "--leader-elect=maybe",
        "--cluster-cidr=172.16.0.0",
        "--metrics-bind-addr=8080",
        config={"accessKeyID": b64("LTAI"), "disablePublicSLB": "perhaps"},
    )
    assert error.exit_code == 1
    assert [problem.name for problem in error.problems] == [
        "--controllers",
        "--network",
        "--route-reconciliation-period",
        "--leader-elect",
        "--kube-api-qps",
        "--metrics-bind-addr",
        "cloud.conf: disablePublicSLB",
        "--cluster-cidr",
        "accessKeySecret",
    ]
    assert '--network: "vcp" is not one of vpc, public; did you mean vpc?' in str(error)
    assert '"3" is not a duration such as 15s, 3m or 1h30m' in str(error)


def test_help_lists_every_flag_with_its_default() -> None:
    with pytest.raises(HelpWanted) as caught:
        loaded("--help")
    text = str(caught.value)
    assert all(flag.name in text and flag.help in text for flag in FLAGS)
    assert "Default: 127.0.0.1:8080." in text


def test_a_missing_value_is_a_problem() -> None:
    assert "--network: a value is missing; write --network=VALUE" in str(refused("--network"))


@pytest.mark.parametrize("secret", ["not-base64!", "HAeS*secret", "//79"])
def test_a_key_that_cannot_be_decoded_is_named_and_never_shown(secret: str) -> None:
    error = refused(config={"accessKeyID": b64("LTAI"), "accessKeySecret": secret})
    assert [problem.name for problem in error.problems] == ["cloud.conf: accessKeySecret"]
    assert "is not standard base64" in str(error)
    assert secret not in str(error)


def test_a_file_that_is_no_yaml_is_not_shown() -> None:
    error = refused(config="Global: {accessKeySecret: hidden-secret\n  ]")
    assert "is neither YAML nor JSON at line 2" in str(error)
    assert "hidden-secret" not in str(error)


def test_a_file_that_cannot_be_read_is_a_problem() -> None:
    def read(_: str) -> str:
        raise FileNotFoundError(2, "No such file or directory")

    with pytest.raises(Unusable, match=r'"gone\.conf" cannot be read: No such file'):
        load(["--cloud-config=gone.conf"], {}, read, lambda _: False)


def test_yaml_and_json_with_tabs_and_any_case_are_the_same() -> None:
    yaml = "global:\n  REGION: cn-beijing\n  clusterId: 0123\n  disablePublicSlb: true\n"
    tabs = '{\n\t"Global": {\n\t\t"region": "cn-beijing", "clusterID": "0123", "disablePublicSLB": true}}'
    assert loaded(config=yaml) == loaded(config=tabs)
    assert loaded(config=yaml).cluster_id == "0123"


def test_region_counts_without_vpc_and_vswitch() -> None:
    settings = loaded(config={"region": "cn-beijing"})
    assert (settings.region, settings.vpc_id, settings.vswitches) == ("cn-beijing", "", ())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("cn-h:vsw-1,cn-i:vsw-2", (("cn-h", "vsw-1"), ("cn-i", "vsw-2"))),
        (":vsw-1", (("", "vsw-1"),)),
        ("vsw-1", (("", "vsw-1"),)),
        ("a:b:c,cn-h:vsw-1", (("cn-h", "vsw-1"),)),
    ],
)
def test_vswitches_are_written_with_or_without_zones(text: str, expected: object) -> None:
    assert loaded(config={"vswitchid": text}).vswitches == expected


def test_an_unknown_key_is_a_warning_that_suggests_the_nearest() -> None:
    notes = loaded(config={"regoin": "cn-beijing", "kubernetesClusterTag": "x"}).notes
    assert str(notes[0]) == "cloud.conf: regoin: unknown key, ignored; did you mean region?"
    assert (notes[1].name, notes[1].level) == ("cloud.conf: kubernetesClusterTag", "info")


def test_feature_gates_are_read_and_mistakes_noted() -> None:
    settings = loaded(config={"featureGates": "IPv6DualStack=true,EndpointSlise=false"})
    assert settings.feature_gates["IPv6DualStack"] is True
    assert settings.feature_gates["EndpointSlice"] is True
    assert "did you mean EndpointSlice" in str(settings.notes[0])


@pytest.mark.parametrize("text", ["${ClusterCIDR}", '                    "--cluster-cidr=172.20.0.0/16",', ""])
def test_what_a_script_left_in_the_cluster_cidr_means_derive_it(text: str) -> None:
    settings = loaded(f"--cluster-cidr={text}")
    assert settings.cluster_cidrs == ()
    assert [note.name for note in settings.notes] == (["--cluster-cidr"] if text else [])


def test_a_cluster_may_have_two_ranges() -> None:
    assert loaded("--cluster-cidr=172.16.0.0/16,fd00::/56").cluster_cidrs == ("172.16.0.0/16", "fd00::/56")


def test_endpoints_and_scheme_come_from_the_environment() -> None:
    settings = loaded(
        config={"region": "cn-hangzhou"},
        environment={
            "SLB_ENDPOINT": "http://127.0.0.1:8080/path",
            "ECS_ENDPOINT": "HTTPS://ecs.test",
            "VPC_ENDPOINT": "127.0.0.1:8080",
            "NLB_ENDPOINT": "nlb.test:1",
            "STS_ENDPOINT": "127.0.0.1:9",
            "METADATA_ENDPOINT": "http://127.0.0.1:7",
            "ALICLOUD_CLIENT_SCHEME": "HTTP",
        },
    )
    endpoints = settings.endpoints
    assert [endpoints.url(product, "cn-hangzhou") for product in ("slb", "ecs", "vpc", "nlb")] == [
        "http://127.0.0.1:8080",
        "http://ecs.test",
        "http://127.0.0.1:8080",
        "http://nlb.test:1",
    ]
    assert (settings.scheme, settings.metadata_endpoint) == ("http", "http://127.0.0.1:7")
    assert settings.source.sts == "http://127.0.0.1:9"


CONFIGURED = {"accessKeyID": b64("config"), "accessKeySecret": b64("s")}
PLAIN = {"ACCESS_KEY_ID": "plain", "ACCESS_KEY_SECRET": "s"}
OFFICIAL = {
    "ALIBABA_CLOUD_ACCESS_KEY_ID": "official",
    "ALIBABA_CLOUD_ACCESS_KEY_SECRET": "s",
    "ALIBABA_CLOUD_SECURITY_TOKEN": "t",
}


def test_keys_are_taken_from_the_config_then_the_environment() -> None:
    def key(config: Mapping[str, str], *environments: Mapping[str, str]) -> tuple[str, str] | None:
        merged = {name: value for each in environments for name, value in each.items()}
        found = loaded(config=config, environment=merged).source.key
        return (found.id, found.token) if found else None

    assert key(CONFIGURED, PLAIN, OFFICIAL) == ("config", "")
    assert key({}, PLAIN, OFFICIAL) == ("plain", "")
    assert key({}, OFFICIAL) == ("official", "t")
    assert key({}) is None


def test_rrsa_needs_all_of_its_variables() -> None:
    variables = {
        "ALIBABA_CLOUD_ROLE_ARN": "role",
        "ALIBABA_CLOUD_OIDC_PROVIDER_ARN": "provider",
        "ALIBABA_CLOUD_OIDC_TOKEN_FILE": "/token",
    }
    assert str(loaded(environment=variables).source) == "role role by OIDC (RRSA)"
    del variables["ALIBABA_CLOUD_OIDC_TOKEN_FILE"]
    assert "ALIBABA_CLOUD_OIDC_TOKEN_FILE: is missing" in str(refused(environment=variables))


def test_half_a_key_is_a_problem() -> None:
    assert "accessKeySecret: is missing" in str(refused(config={"accessKeyID": b64("LTAI")}))
    assert "ACCESS_KEY_ID: is missing" in str(refused(environment={"ACCESS_KEY_SECRET": "s"}))


def test_what_is_not_supported_says_what_to_do_instead() -> None:
    assert "not supported; unmount it" in str(refused(present=("/var/addon/token-config",)))
    assert "remove uid" in str(refused(config=CONFIGURED | {"uid": "1"}))


def test_the_configs_concurrency_wins_over_the_old_flag() -> None:
    assert loaded("--concurrent-service-syncs=7").service_workers == 7
    both = loaded("--concurrent-service-syncs=7", config={"serviceMaxConcurrentReconciles": 5})
    assert both.service_workers == 5
    assert [note.level for note in both.notes] == ["warning"]


def test_metrics_stay_on_this_machine_unless_asked() -> None:
    settings = loaded()
    assert (settings.health_address, settings.metrics_address) == (":10258", "127.0.0.1:8080")
    assert loaded("--metrics-bind-addr=:8080").metrics_address == ":8080"
    assert loaded("--metrics-bind-addr=0").metrics_address == ""


@pytest.mark.parametrize("flag", ["--sg-batch-size=40", "--max-concurrent-actions=5", "--pprof-bind-addr=:6060"])
def test_what_has_no_effect_is_said_to_have_none(flag: str) -> None:
    assert any("has no effect: " in str(note) for note in loaded(flag).notes)


def test_a_lease_that_could_have_two_holders_is_refused() -> None:
    error = refused("--leader-elect-lease-duration=10s", "--leader-elect-renew-deadline=10s")
    assert "10s must be shorter than --leader-elect-lease-duration (10s)" in str(error)


@pytest.mark.parametrize(
    ("lock", "legacy"), [("leases", ""), ("endpointsleases", "endpoints"), ("configmapsleases", "configmaps")]
)
def test_an_older_lock_is_honoured_too(lock: str, legacy: str) -> None:
    assert loaded(f"--leader-elect-resource-lock={lock}").lease.legacy_lock == legacy


def test_everything_that_can_be_set_is_declared_once_and_explained() -> None:
    for declared in (FLAGS, KEYS, VARIABLES):
        names = [setting.name.lower() for setting in declared]
        assert len(names) == len(set(names))
        assert all(setting.help.endswith(".") for setting in declared)


@pytest.mark.parametrize(
    ("variable", "config", "mode"),
    [("", "", "ecs"), ("", "eni", "eni"), ("true", "ecs", "eni"), ("false", "eni", "ecs"), ("", "ecs", "ecs")],
)
def test_the_environment_says_before_the_cloud_config_who_the_backends_are(
    variable: str, config: str, mode: str
) -> None:
    settings = loaded(config={"serviceBackendType": config}, environment={"SERVICE_FORCE_BACKEND_ENI": variable})
    assert settings.backend_type == mode
