"""Who a node is: found from evidence, checked when claimed, and left alone when in doubt."""

import pytest

from yunqiao.controllers.nodes.kinds import UNINITIALIZED
from yunqiao.controllers.nodes.rules import Rules
from yunqiao.model.machine import same_machine

NUMBER = "4f3b2a1c-6e5d-8f70-9192-a3b4c5d6e7f8"
SWAPPED = "1C2A3B4F-5D6E-708F-9192-A3B4C5D6E7F8"


def untouched(bench, name):
    return bench.provider_id(name) == "" and UNINITIALIZED in bench.taints(name) and bench.labels(name) == {}


@pytest.mark.parametrize("uuid", [NUMBER, NUMBER.upper(), SWAPPED, SWAPPED.lower(), f" {NUMBER}\n"])
def test_a_serial_number_is_read_in_either_case_and_byte_order(uuid):
    assert same_machine(uuid, NUMBER)


@pytest.mark.parametrize("uuid", ["", "4f3b2a1c", "4f3b2a1c-6e5d-8f70-9192-a3b4c5d6e7f9", "Not Settable"])
def test_another_number_is_another_machine(uuid):
    assert not same_machine(uuid, NUMBER)
    assert not same_machine(uuid, "")


async def test_an_address_of_a_further_interface_finds_the_instance_too(bench):
    made = bench.cloud.add("i-one", private_ip="10.0.1.1")
    bench.cloud.world.states["ecs"].add_interface(
        bench.cloud.world, "vsw-test", instance=made, private_ips=("10.0.1.9",)
    )
    bench.cluster.join("one", "10.0.1.9")
    await bench.run()
    assert bench.provider_id("one") == "cn-hangzhou.i-one"
    assert not made.interfaces[0].source_dest_check
    assert made.interfaces[1].source_dest_check


async def test_a_node_with_only_an_ipv6_address_is_found(bench):
    bench.cloud.add("i-six", private_ip="10.0.1.6", ipv6=("2001:db8::6",))
    bench.cluster.join("six", "2001:0DB8:0:0::6")
    await bench.run()
    assert bench.provider_id("six") == "cn-hangzhou.i-six"


async def test_an_address_without_an_instance_is_left_alone_and_said(bench):
    bench.cluster.join("idc", "192.168.7.7")
    await bench.run(20)
    assert untouched(bench, "idc")
    assert bench.reasons("idc") == ["NodeNotIdentified"]
    assert "no ECS instance in vpc-test has its address (192.168.7.7)" in bench.text("idc", "NodeNotIdentified")


async def test_an_instance_with_the_address_but_another_number_is_not_taken(bench):
    bench.cloud.add("i-one", private_ip="10.0.1.1")
    bench.cluster.join("one", "10.0.1.1", uuid=NUMBER)
    await bench.run(20)
    assert untouched(bench, "one")
    assert f'its systemUUID is "{NUMBER}"' in bench.text("one", "NodeNotIdentified")


async def test_a_node_that_comes_right_later_is_initialised_at_the_next_look(bench):
    bench.cluster.join("one", "10.0.1.1")
    await bench.run(20)
    bench.cloud.add("i-one", private_ip="10.0.1.1")
    await bench.run(300)
    assert bench.provider_id("one") == "cn-hangzhou.i-one"
    assert bench.reasons("one") == ["NodeNotIdentified", "InitializedNode"]


async def test_where_the_vpc_is_not_known_an_address_alone_is_not_enough(new_bench):
    bench = new_bench(rules=Rules("cn-hangzhou", ""))
    bench.cloud.add("i-one", private_ip="10.0.1.1")
    bench.cluster.join("one", "10.0.1.1")
    await bench.run(20)
    assert untouched(bench, "one")
    assert "set vpcid in the cloud-config" in bench.text("one", "NodeNotIdentified")


async def test_of_several_instances_with_the_address_the_number_tells(new_bench):
    bench = new_bench(rules=Rules("cn-hangzhou", ""))
    vpcs = bench.cloud.world.states["vpc"]
    other = vpcs.add_vpc(bench.cloud.world, "10.0.0.0/8", own_id="vpc-other")
    vpcs.add_vswitch(bench.cloud.world, other.id, "10.0.0.0/16", "cn-hangzhou-h", own_id="vsw-other")
    one = bench.cloud.add("i-one", private_ip="10.0.1.1")
    bench.cloud.world.states["ecs"].add_instance(bench.cloud.world, "vsw-other", own_id="i-two", private_ip="10.0.1.1")
    bench.cluster.join("silent", "10.0.1.1")
    await bench.run(20)
    assert untouched(bench, "silent")
    assert "several ECS instances (i-one, i-two)" in bench.text("silent", "NodeNotIdentified")
    bench.cluster.verbs.delete("nodes", "silent")
    bench.cluster.join("telling", "10.0.1.1", uuid=one.serial_number)
    await bench.run(20)
    assert bench.provider_id("telling") == "cn-hangzhou.i-one"


async def test_a_node_that_waits_for_its_addresses_is_found_by_its_number_alone(bench):
    made = bench.cloud.add("i-one", private_ip="10.0.1.1")
    bench.cloud.add("i-two", private_ip="10.0.1.2")
    bench.cluster.join("one", uuid=made.serial_number)
    bench.cluster.join("nobody", uuid=NUMBER)
    await bench.run()
    assert bench.provider_id("one") == "cn-hangzhou.i-one"
    assert bench.addresses("one") == [("InternalIP", "10.0.1.1"), ("Hostname", "one")]
    assert untouched(bench, "nobody")
    assert "start its kubelet with --node-ip" in bench.text("nobody", "NodeNotIdentified")


@pytest.mark.parametrize(("ip", "uuid", "says"), [
    ("10.0.1.2", "", "has none of its addresses (10.0.1.2)"),
    ("10.0.1.1", NUMBER, "it is not taken for that instance"),
    ("10.0.1.2", NUMBER, "it is not taken for that instance"),
])  # fmt: skip
async def test_a_claim_that_ecs_does_not_bear_out_is_not_believed(bench, ip, uuid, says):
    bench.cloud.add("i-one", private_ip="10.0.1.1")
    bench.cloud.add("i-two", private_ip="10.0.1.2")
    bench.cluster.join("one", ip, provider_id="cn-hangzhou.i-one", uuid=uuid)
    await bench.run(20)
    assert UNINITIALIZED in bench.taints("one")
    assert bench.labels("one") == {}
    assert bench.cloud.world.states["ecs"].instances["i-one"].interfaces[0].source_dest_check
    assert says in bench.text("one", "NodeNotIdentified")


async def test_a_claim_with_the_right_number_is_believed_whatever_address_the_kubelet_was_given(bench):
    made = bench.cloud.add("i-one", private_ip="10.0.1.1")
    bench.cluster.join("one", "172.30.0.5", provider_id="cn-hangzhou.i-one", uuid=made.serial_number)
    await bench.run()
    assert UNINITIALIZED not in bench.taints("one")


async def test_two_living_nodes_are_not_one_instance(bench):
    bench.cloud.add("i-one", private_ip="10.0.1.1")
    bench.cluster.join("first", "10.0.1.1", provider_id="cn-hangzhou.i-one")
    await bench.run(20)
    bench.cluster.join("second", "10.0.1.1")
    await bench.run(20)
    assert untouched(bench, "second")
    assert "is also the node first, which is alive" in bench.text("second", "NodeNotIdentified")
    first, second = bench.cluster.get("first"), bench.cluster.get("second")
    assert (bench.site.known(first).instance, bench.site.known(second).instance) == ("i-one", "")
    bench.cluster.change("first", {"spec": {"taints": [{"key": UNINITIALIZED, "effect": "NoSchedule"}]}})
    bench.cluster.change("second", {"spec": {"taints": []}})
    await bench.run(20)
    assert UNINITIALIZED not in bench.taints("first")


async def test_a_machine_that_registered_under_a_new_name_is_taken_once_the_old_node_is_silent(bench):
    bench.cloud.add("i-one", private_ip="10.0.1.1")
    bench.cluster.join("old", "10.0.1.1", provider_id="cn-hangzhou.i-one")
    await bench.run(20)
    bench.cluster.hear("old", "Unknown")
    bench.cluster.join("new", "10.0.1.1")
    await bench.run(20)
    assert bench.provider_id("new") == "cn-hangzhou.i-one"
    assert "old" in bench.cluster.names()


async def test_a_node_ip_that_the_instance_does_not_have_is_refused_in_words(bench):
    bench.cloud.add("i-one", private_ip="10.0.1.1")
    told = {"alpha.kubernetes.io/provided-node-ip": "10.9.9.9"}
    bench.cluster.join("one", "10.0.1.1", provider_id="cn-hangzhou.i-one", annotations=told)
    await bench.run(20)
    assert UNINITIALIZED in bench.taints("one")
    assert 'provided-node-ip is "10.9.9.9"' in bench.text("one", "SyncNodeFailed")
