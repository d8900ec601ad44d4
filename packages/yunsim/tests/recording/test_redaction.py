"""What a recording does not tell, and what it still does."""

import json
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yunsim.recording.redaction import Redaction

SAME = Redaction(key=b"k" * 32)


@pytest.mark.parametrize(
    "name", ["AccessKeySecret", "SecurityToken", "AccessKeyId", "PrivateKey", "OIDCToken", "Password", "Signature"]
)
def test_secrets_are_hidden_at_any_depth(name: str):
    assert Redaction().value({"Credentials": [{name: "hush"}]}) == {"Credentials": [{name: "***"}]}
    assert Redaction().params({name: "hush", f"Part.1.{name}": "hush"}) == {name: "***", f"Part.1.{name}": "***"}


def test_access_keys_are_hidden_in_any_text():
    text = "key LTAI5tSomething or STS.NUgYabc expired"
    assert Redaction().value(text, "Message") == "key *** or *** expired"


def test_an_account_becomes_another_one_and_the_same_everywhere():
    redaction = Redaction()
    told = redaction.value({"OwnerId": 1234567890123456, "Arn": "acs:ram::1234567890123456:role/a", "Other": "x"})
    assert told["OwnerId"] != 1234567890123456
    assert told["Arn"] == f"acs:ram::{told['OwnerId']}:role/a"
    assert told["Other"] == "x"


def test_fields_that_are_json_text_stay_json_text():
    told = Redaction().params({"BackendServers": '[{"ServerId": "i-1", "ServerIp": "10.1.2.3", "Port": 80}]'})
    (server,) = json.loads(told["BackendServers"])
    assert (server["ServerId"], server["Port"]) == ("i-1", 80)
    assert server["ServerIp"] != "10.1.2.3"
    assert IPv4Address(server["ServerIp"]) in IPv4Network("10.0.0.0/8")


@pytest.mark.parametrize("text", ["1.2.3", "1.2.3.4.5", "999.1.1.1", "0.0.0.0/0", "00:16:3e:10:00:0a", "12:30"])
def test_what_is_no_address_stays(text: str):
    assert Redaction().value(text) == text


def test_times_numbers_and_ids_stay():
    kept = {"CreateTime": "2026-01-01T00:00:00Z", "CreateTimeStamp": 1767225600000, "LoadBalancerId": "lb-bp1abc"}
    assert Redaction().value(kept | {"Bandwidth": -1, "On": True, "Nothing": None}) == kept | {
        "Bandwidth": -1,
        "On": True,
        "Nothing": None,
    }


PRIVATE = [IPv4Network(text) for text in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")]


@given(st.sampled_from(PRIVATE), st.integers(0, 2**16 - 1), st.integers(0, 32))
def test_a_private_address_stays_private_and_in_its_network(private: IPv4Network, host: int, bits: int):
    address = private[host]
    network = IPv4Network((address, max(bits, private.prefixlen)), strict=False)
    other, other_network = IPv4Address(SAME.value(str(address))), IPv4Network(SAME.value(str(network)))
    assert other in other_network
    assert other_network.subnet_of(private)
    assert other_network.prefixlen == network.prefixlen


@given(st.integers(0, 255), st.integers(3, 32))
def test_a_public_address_stays_in_its_network(last: int, bits: int):
    address = IPv4Address(f"47.98.12.{last}")
    network = IPv4Network((address, bits), strict=False)
    assert ip_address(SAME.value(str(address))) in ip_network(SAME.value(str(network)))


@given(st.ip_addresses(v=6), st.integers(8, 128))
def test_the_same_holds_of_newer_addresses(address: IPv6Address, bits: int):
    network = IPv6Network((address, bits), strict=False)
    assert ip_address(SAME.value(str(address))) in ip_network(SAME.value(str(network)))


def test_different_addresses_stay_different():
    some = [f"10.{a}.{b}.{c}" for a, b, c in product(range(4), range(4), range(16))]
    assert len({SAME.value(address) for address in some}) == len(some)


def test_another_recording_hides_an_address_behind_another():
    assert len({Redaction().value("192.168.1.77") for _ in range(20)}) > 1
