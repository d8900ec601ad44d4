"""Who is on which node, and what the route table says, from what cluster and cloud tell."""

from typing import Any

from yunqiao.cli.sandboxed.crossing import Spot, spots, table_routes


def pod(name: str, node: str, address: str, *, ready: bool = True, **metadata: str) -> dict[str, Any]:
    conditions = [{"type": "Ready", "status": str(ready)}]
    return {
        "metadata": {"name": name, **metadata},
        "spec": {"nodeName": node},
        "status": {"podIP": address, "conditions": conditions},
    }


NODES = [{"metadata": {"name": f"w{n}"}, "spec": {"providerID": f"cn-hangzhou.i-{n}"}} for n in (1, 2)]


def test_one_ready_pod_of_each_node_is_taken() -> None:
    one, other = pod("a", "w1", "10.244.1.2"), pod("b", "w2", "10.244.2.2")
    assert spots([other, one], NODES) == [Spot("a", "10.244.1.2", "w1", "i-1"), Spot("b", "10.244.2.2", "w2", "i-2")]
    assert spots([pod("a", "w1", "10.244.1.2", ready=False)], NODES) == []
    assert spots([pod("a", "w1", "10.244.1.2", deletionTimestamp="2026-11-23T00:00:00Z")], NODES) == []
    assert spots([{"metadata": {"name": "c"}, "spec": {}, "status": {}}], NODES) == []


def test_the_custom_entries_of_all_tables_lead_to_their_instances_addresses() -> None:
    def entry(kind: str, destination: str, hop: str) -> dict[str, str]:
        return {"type": kind, "destination": destination, "next_hop_id": hop}

    entries = {
        "1": entry("System", "10.0.0.0/20", ""),
        "2": entry("Custom", "10.244.1.0/24", "i-1"),
        "3": entry("Custom", "10.244.2.0/24", "i-gone"),
    }
    state = {
        "ecs": {"instances": {"i-1": {"id": "i-1", "interfaces": [{"private_ips": ["10.0.0.11"]}]}}},
        "vpc": {"route_tables": {"vtb-1": {"entries": entries}, "vtb-2": {"entries": {}}}},
    }
    assert table_routes(state) == {"10.244.1.0/24": "10.0.0.11", "10.244.2.0/24": ""}
