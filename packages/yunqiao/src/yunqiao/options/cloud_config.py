"""What may stand in the cloud-config file? One object `Global` in YAML or JSON; its keys are declared here.

Keys are compared without regard to case. An unknown key is a warning, never silence.
"""

import json
from collections.abc import Mapping
from typing import Any

import yaml

from yunqiao.options.setting import Note, Problem, Setting, Settled, nearest, settle

NO_PRIVATE_ZONE = "this version has no pvtz controller."
NO_EFFECT = "it had none in earlier controllers either."

KEYS: tuple[Setting, ...] = (
    Setting("accessKeyID", "base64", "", "Id of the access key, in base64."),
    Setting("accessKeySecret", "base64", "", "Secret of the access key, in base64."),
    Setting("uid", "string", "", "Account whose role an external program assumes."),
    Setting("clusterID", "string", "", "Cluster id in tags, names and keys; empty: derived from kube-system's UID."),
    Setting("region", "string", "", "Region; empty: asked of the instance metadata, else of the nodes."),
    Setting("vpcid", "string", "", "VPC; empty: asked of the instance metadata, else of the nodes' instances."),
    Setting("vswitchid", "string", "", "vSwitches, `zone:vsw-1,zone:vsw-2` or `:vsw-1`; the first is the default; "
            "empty: asked of the instance metadata, else of the nodes' instances."),
    Setting("zoneid", "string", "", "Zone.", ignored="each node's instance and each vSwitch has its own."),
    Setting("resourceGroupID", "string", "", "Resource group of new load balancers."),
    Setting("serviceMaxConcurrentReconciles", "integer", 0,
            "Services that are worked on at a time; 0: as --concurrent-service-syncs says.", least=0),
    Setting("serviceBackendType", "string", "", "Default backends: nodes (empty, ecs) or pods (eni).",
            allowed=("", "ecs", "eni")),
    Setting("disablePublicSLB", "boolean", False, "Refuse load balancers that face the internet."),
    Setting("nodeMaxConcurrentReconciles", "integer", 1, "Batches of nodes that are worked on at a time.", least=0),
    Setting("routeMaxConcurrentReconciles", "integer", 1, "Batches of routes that are worked on at a time.", least=0,
            ignored="a VPC takes one change of routes at a time."),
    Setting("routeTableIDs", "list", (),
            "Route tables to write to; empty: the VPC's own and those that vSwitches with nodes have instead."),
    Setting("privateZoneId", "string", "", "Zone of PrivateZone.", ignored=NO_PRIVATE_ZONE),
    Setting("privateZoneRecordTTL", "integer", 60, "Life of PrivateZone's records in seconds.", least=1,
            ignored=NO_PRIVATE_ZONE),
    Setting("featureGates", "list", (), "`A=true,B=false`."),
    Setting("kubernetesClusterTag", "string", "ack.aliyun.com", "Tag of the cluster.", ignored=NO_EFFECT),
    Setting("nodeMonitorPeriod", "integer", 0, "Time between two looks at the nodes.", ignored=NO_EFFECT),
    Setting("nodeAddrSyncPeriod", "integer", 0, "Time between two looks at addresses.", ignored=NO_EFFECT),
)  # fmt: skip

GATES = {
    "IPv6DualStack": False,
    "EndpointSlice": True,
    "FilterServiceOnNodeChange": False,
    "LoadBalancerTypeAnnotation": False,
}
"""Feature gates and what they are by default."""
GATES_WITHOUT_EFFECT = ("EndpointSlice", "FilterServiceOnNodeChange")


def parse_cloud_config(text: str, name: str) -> Settled:
    """Read the file's `text`; `name` is its name, for messages."""
    try:
        document = _document(text)
    except yaml.YAMLError as error:
        # The error's own text quotes the file, which holds secrets: say only where it is.
        mark = getattr(error, "problem_mark", None)
        where = f" at line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        return {}, (Problem(name, f"is neither YAML nor JSON{where}"),), ()
    found = _global(document)
    if found is None:
        return {}, (Problem(name, 'has no object `Global`; write {"Global": {"region": "cn-hangzhou", ...}}'),), ()
    given, unknown = _known(found, name)
    values, problems, notes = settle(KEYS, given, f"{name}: ")
    return values, problems, (*unknown, *notes)


def parse_gates(words: tuple[str, ...]) -> tuple[dict[str, bool], tuple[Note, ...]]:
    """Read `A=true` words; what is unknown or malformed is noted and left out."""
    gates = dict(GATES)
    notes = []
    for word in words:
        gate, _, state = word.partition("=")
        if gate in GATES and state.lower() in {"true", "false"}:
            gates[gate] = state.lower() == "true"
        else:
            meant = nearest(gate, GATES) or f"one of {', '.join(GATES)}"
            notes.append(Note("featureGates", f'"{word}" is not understood; did you mean {meant} (=true or =false)?'))
    return gates, tuple(notes)


def parse_vswitches(text: str) -> tuple[tuple[str, str], ...]:
    """Read `zone1:vsw-1,zone2:vsw-2` as (zone, vSwitch) pairs; a plain id has the zone "" (as in the incumbent)."""
    pairs = [part.strip().split(":") for part in text.split(",")]
    named = tuple((pair[0].strip(), pair[1].strip()) for pair in pairs if len(pair) == 2 and pair[1].strip())
    return named or ((("", text.strip()),) if text.strip() else ())


def _document(text: str) -> object:
    """JSON may be indented with tabs, which YAML forbids; in YAML all values stay texts (an id `0123`)."""
    if not text.strip():
        return {}
    try:
        return json.loads(text)
    except ValueError:
        return yaml.load(text, Loader=yaml.BaseLoader)  # noqa: S506 - builds texts, lists and mappings only


def _global(document: object) -> Mapping[str, Any] | None:
    if not isinstance(document, dict):
        return None
    found = [value for key, value in document.items() if str(key).lower() == "global"]
    if not found:
        return {} if not document else None
    return found[0] if isinstance(found[0], dict) else None


def _known(found: Mapping[str, Any], name: str) -> tuple[dict[str, str], tuple[Note, ...]]:
    """Give texts by declared name, and a note for each key that is not declared."""
    spelled = {setting.name.lower(): setting.name for setting in KEYS}
    given = {spelled[str(key).lower()]: _text(value) for key, value in found.items() if str(key).lower() in spelled}
    notes = []
    for key in found:
        if str(key).lower() not in spelled:
            meant = nearest(str(key), spelled.values())
            notes.append(Note(f"{name}: {key}", f"unknown key, ignored{f'; did you mean {meant}?' if meant else ''}"))
    return {key: text for key, text in given.items() if text}, tuple(notes)


def _text(value: object) -> str:
    if value is None or value == "null":
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)
