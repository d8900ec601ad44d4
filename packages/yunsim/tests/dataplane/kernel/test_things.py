"""What is asked of the kernel, as values."""

from ipaddress import IPv4Network

from yunsim.dataplane.kernel.commands import Ip
from yunsim.dataplane.kernel.names import Surroundings, table_number
from yunsim.dataplane.kernel.network import Interface, Machine, Network, Route, Switch, Vpc
from yunsim.dataplane.kernel.things import things

VPC = Vpc("vpc-1", (IPv4Network("10.99.0.0/16"),), "vtb-1")
SWITCH = Switch("vsw-bp1sandbox00000000001", VPC.id, IPv4Network("10.99.0.0/20"), "vtb-1")
MACHINE = Machine("i-1", VPC.id, True, (Interface("eni-1", "00:16:3e:00:00:01", SWITCH.id, ("10.99.0.10",)),))
AROUND = Surroundings("run-", {VPC.id: IPv4Network("100.64.0.4/30")})


def test_the_gateway_is_the_third_address_from_the_end():
    assert SWITCH.gateway == "10.99.15.253"


def test_every_thing_has_what_it_needs_before_it():
    network = Network((VPC,), (SWITCH,), (MACHINE,), (Route(VPC.id, "vtb-1", IPv4Network("10.244.0.0/24"), "eni-1"),))
    assert list(things(network, AROUND)) == [
        "namespace vpc-1", "forwarding vpc-1", "link vpc-1", "switch vsw-bp1sandbox00000000001",
        "namespace i-1", "forwarding i-1", "interface eni-1", "proxy eni-1",
        "loopback i-1", "up eni-1", "address eni-1 10.99.0.10", "default eni-1",
        "tables eni-1", "plug eni-1", "way eni-1 10.99.0.10",
        "route vtb-1 10.244.0.0/24",
    ]  # fmt: skip


def test_device_names_are_no_longer_than_the_kernel_takes():
    network = Network((VPC,), (SWITCH,), (MACHINE,))
    texts = [each.text for thing in things(network, AROUND).values() for each in thing.make if isinstance(each, Ip)]
    devices = [text.split()[text.split().index("dev") + 1] for text in texts if " dev " in text]
    assert devices
    assert all(len(device) <= 15 for device in devices)


def test_a_route_tables_number_is_its_own_and_none_of_the_kernels():
    numbers = [table_number(f"vtb-{n}") for n in range(200)]
    assert len(set(numbers)) == 200
    assert min(numbers) > 255
    assert max(numbers) < 2**32


def test_a_machine_that_does_not_run_is_not_plugged_in():
    stopped = Network((VPC,), (SWITCH,), (Machine("i-1", VPC.id, False, MACHINE.interfaces),))
    assert "plug eni-1" not in things(stopped, AROUND)
