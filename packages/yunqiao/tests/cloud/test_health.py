"""The health of backends as the API tells it."""

from yunqiao.cloud.clb.health import Health, read


def test_each_backend_of_each_listener_has_its_status():
    item = {"ListenerPort": 53, "Protocol": "udp", "ServerId": "i-1", "ServerIp": "10.0.0.1", "Port": 30053}
    reply = {"BackendServers": {"BackendServer": [{**item, "ServerHealthStatus": "abnormal"}]}}
    assert read(reply) == (Health((53, "udp"), "i-1", "10.0.0.1", 30053, "abnormal"),)


def test_a_status_of_another_name_counts_as_unavailable():
    item = {"ListenerPort": 80, "ServerId": "i-1", "ServerHealthStatus": "pondering"}
    assert read({"BackendServers": {"BackendServer": [item]}})[0].status == "unavailable"
    assert read({}) == ()
