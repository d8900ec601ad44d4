from kubesim.hollow.traffic import backends_of, ready_locally, usable


def endpoint(address, node, **conditions):
    return {"addresses": [address], "nodeName": node, "conditions": conditions}


def slices(*endpoints, port=80, name=""):
    return [{"ports": [{"name": name, "port": port, "protocol": "TCP"}], "endpoints": list(endpoints)}]


READY = endpoint("10.0.0.1", "n1", ready=True, serving=True)
LEAVING = endpoint("10.0.0.2", "n2", ready=False, serving=True, terminating=True)
BROKEN = endpoint("10.0.0.3", "n1", ready=False, serving=False)


def used(*endpoints, node="n1", local_only=False):
    return [address for address, _ in usable(backends_of(slices(*endpoints), "", "TCP"), node, local_only=local_only)]


def test_only_ready_endpoints_are_used_while_there_are_any():
    assert used(READY, LEAVING, BROKEN) == ["10.0.0.1"]


def test_endpoints_on_their_way_out_are_used_when_there_is_no_other():
    assert used(LEAVING, BROKEN) == ["10.0.0.2"]


def test_policy_local_keeps_to_the_node():
    assert used(READY, LEAVING, node="n2", local_only=True) == ["10.0.0.2"]
    assert used(READY, node="n2", local_only=True) == []


def test_an_endpoint_whose_conditions_are_unknown_is_ready():
    assert used(endpoint("10.0.0.9", "n1")) == ["10.0.0.9"]


def test_ports_are_matched_by_name_over_all_slices():
    both = slices(READY, port=8080, name="http") + slices(READY, port=9090, name="admin")
    assert [backend.place for backend in backends_of(both, "admin", "TCP")] == [("10.0.0.1", 9090)]


def test_a_health_check_counts_the_ready_endpoints_of_its_node():
    assert ready_locally(slices(READY, LEAVING, BROKEN), "n1") == 1
    assert ready_locally(slices(READY, LEAVING, BROKEN), "n2") == 0
