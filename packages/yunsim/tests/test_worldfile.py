"""A world file is read whole or refused with everything that is wrong in it."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from yunsim import worldfile
from yunsim.reading import FileError

SMALL = """
vpcs: [{id: vpc-1, cidr: 127.16.0.0/12}]
vswitches: [{id: vsw-1, vpc: vpc-1, zone: cn-hangzhou-h, cidr: 127.16.0.0/20}]
instances: [{id: i-1, vswitch: vsw-1, ip: 127.16.0.10}]
"""


def problems(text: str) -> list[str]:
    with pytest.raises(FileError) as refused:
        worldfile.parse(text)
    return refused.value.problems


def test_the_default_world_has_a_control_plane_three_workers_and_a_server_outside():
    world = worldfile.load()
    assert [str(one.ip) for one in world.instances] == [
        "127.16.0.10",
        "127.16.0.11",
        "127.16.0.12",
        "127.16.16.11",
        "127.16.16.99",
    ]
    assert [one.hostname for one in world.instances if not one.in_cluster] == ["outside-1"]
    assert world.virtual_node_vswitch in {one.id for one in world.vswitches}


def test_an_empty_file_is_an_empty_world():
    assert worldfile.parse("") == worldfile.WorldFile()


def test_a_file_on_disk_is_read(tmp_path: Path):
    path = tmp_path / "world.yaml"
    path.write_text(SMALL)
    assert worldfile.load(path).vswitches[0].zone == "cn-hangzhou-h"


def test_a_missing_file_is_named(tmp_path: Path):
    with pytest.raises(FileError, match=r"nowhere\.yaml cannot be used"):
        worldfile.load(tmp_path / "nowhere.yaml")


def test_a_date_is_midnight_utc():
    world = worldfile.parse("certificates: [{id: c, expires: 2030-01-02}]")
    assert world.certificates[0].expires == datetime(2030, 1, 2, tzinfo=UTC)


@pytest.mark.parametrize("rates", ["real", "none", {"slb.*": 5}])
def test_rates_are_a_word_or_a_mapping(rates: object):
    assert worldfile.parse(f"rates: {rates}").rates == rates


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("region: 1", "region: 1 is not text; put it in quotes"),
        ("regoin: x", "regoin: unknown key; allowed here: region, account"),
        ("regoin: x", "did you mean region?"),
        ("keys: [{id: k}]", "keys[0].secret: missing, and it is required; add it"),
        ("keys: x", "keys: 'x' is not a list; begin each item with `- `"),
        ("keys: [x]", "keys[0]: 'x' is not a mapping"),
        ("internet: 127.200.0.1/16", "internet: '127.200.0.1/16' is not an IPv4 prefix without host bits"),
        ("quotas: {a: many}", "quotas[a]: 'many' is not a whole number"),
        ("busy: {slb: -1}", "busy.slb: -1 is not a number, 0 or more"),
        ("rates: {AddTags: 1}", "rates[AddTags]: 'AddTags' is not product.Action"),
        ("rates: fast", "rates: 'fast' is not real or none"),
        ("[]", "the file: [] is not a mapping"),
        ("a: [", "it is not YAML"),
        ("wire: {10.244.0.0/16: 127.244.0.0/17}", "write a prefix of /16"),
        ("metadata_instance: i-1", "metadata_instance: there is no 'i-1'"),
        (SMALL.replace("127.16.0.10", "127.17.0.10"), "instances[0].ip: 127.17.0.10 is not inside vsw-1"),
        (SMALL.replace("127.16.0.0/20", "127.48.0.0/20"), "vswitches[0].cidr: 127.48.0.0/20 is not inside vpc-1"),
        (SMALL.replace("cn-hangzhou-h", "h"), "vswitches[0].zone: there is no 'h'; it must be one of: cn-hangzhou-h"),
        (SMALL.replace("vswitch: vsw-1", "vswitch: vsw-2"), "instances[0].vswitch: there is no 'vsw-2'"),
        (SMALL.replace("vpc: vpc-1", "vpc: vpc-2"), "vswitches[0].vpc: there is no 'vpc-2'"),
        (SMALL + "route_tables: [{id: vtb-1, vpc: vpc-2}]", "route_tables[0].vpc: there is no 'vpc-2'"),
        (
            SMALL + "route_tables: [{id: vtb-1, vpc: vpc-1, vswitches: [vsw-2]}]",
            "route_tables[0].vswitches: there is no 'vsw-2'; it must be one of: vsw-1",
        ),
        (
            SMALL + "route_tables: [{id: a, vpc: vpc-1, vswitches: [vsw-1]}, {id: b, vpc: vpc-1, vswitches: [vsw-1]}]",
            "route_tables: 'vsw-1' is the vSwitch of 2 items",
        ),
    ],
)
def test_a_problem_names_the_place_the_value_and_what_to_do(text: str, said: str):
    assert any(said in problem for problem in problems(text))


def test_all_problems_are_told_at_once():
    assert len(problems("region: 1\nzones: x\nkeys: [{}]")) == 4


def test_ids_and_addresses_belong_to_one_thing_each():
    text = SMALL.replace("instances: [", "instances: [{id: i-1, vswitch: vsw-1, ip: 127.16.0.10}, ")
    assert [problem.partition(";")[0] for problem in problems(text)] == [
        "instances: 'i-1' is the id of 2 items",
        "instances: '127.16.0.10' is the ip of 2 items",
    ]


def test_vswitches_of_one_vpc_may_not_overlap():
    text = SMALL.replace("vswitches: [", "vswitches: [{id: a, vpc: vpc-1, zone: cn-hangzhou-h, cidr: 127.16.8.0/24}, ")
    assert "overlaps a (127.16.8.0/24)" in problems(text)[0]


def test_no_problem_repeats_a_secret():
    assert "12345" not in str(problems("keys: [{id: k, secret: 12345}]"))


def test_an_ipv6_address_is_one_of_the_vswitchs():
    of = "instances[0].eni.ipv6: fd00::7 is not inside vsw-1"
    six = SMALL.replace("ip: 127.16.0.10", 'ip: 127.16.0.10, eni: {ipv6: ["fd00::7"]}')
    assert problems(six) == [f"{of} (it has no ipv6_cidr); choose an address of it"]
    other = six.replace("cidr: 127.16.0.0/20", 'cidr: 127.16.0.0/20, ipv6_cidr: "fd01::/64"')
    assert problems(other) == [f"{of} (fd01::/64); choose an address of it"]
