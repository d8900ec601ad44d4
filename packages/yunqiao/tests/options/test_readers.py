"""Every reader gives one answer to one text, whoever asks: the controller, a JSON Schema, the API server's CEL."""

import ipaddress
import re
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from yunqiao.controllers.services.clb.options import Options
from yunqiao.options.declare import declared
from yunqiao.options.readers import (
    LONGEST,
    domain_certificates,
    group_ports,
    ids,
    ip_address,
    labels,
    one_of,
    port_pairs,
    protocol_ports,
    switch,
    tags,
    text,
    whole,
)

READERS = {
    "one_of": one_of("rr", "wrr", "wlc"),
    "one_of in any case": one_of("PayByCLCU", "PayBySpec", "v1.2", fold=True),
    "switch": switch(),
    "whole": whole(95, 3600),
    "whole from 0": whole(0, 100),
    "text": text(8),
    "ip_address": ip_address(),
    "ids": ids(),
    "labels": labels(),
    "tags": tags(("kubernetes.do.not.delete", "ack.aliyun.com")),
    "tags, none reserved": tags(),
    "protocol_ports": protocol_ports(),
    "port_pairs": port_pairs(),
    "group_ports": group_ports(),
    "domain_certificates": domain_certificates(),
}
SAMPLES = {
    "one_of": ["rr", "wlc"],
    "one_of in any case": ["paybyspec", "PAYBYclcu", "V1.2"],
    "switch": ["on", "off"],
    "whole": ["95", "0095", "3600", "94", "3601", "999", "1000"],
    "whole from 0": ["0", "000", "100", "101", "99"],
    "text": ["", "12345678", "\u00e9\U0001f600345678"],
    "ip_address": [
        "10.0.0.255",
        "::",
        "1:2:3:4:5:6:7:8",
        "1:2:3:4:5:6:7::",
        "::ffff:1.2.3.4",
        "fe80::1%eth0",
        "10.0.0.01",
    ],
    "ids": ["acl-1", " acl-1 ,\tacl-2\n"],
    "labels": ["a=b", "a=,b=c=d"],
    "tags": ["a", "a=b,c=", "acs:x=1", "b,aliyun=1", "ack.aliyun.com", "b,ack.aliyun.com=", "ack.aliyun.comx=1"],
    "tags, none reserved": ["a=,b", "ack.aliyun.com=1", "a,aliyun"],
    "protocol_ports": ["https:443", "tcp:1, udp:65535", "http:0080\n"],
    "port_pairs": ["80:443", "80:443 ,\t88:06443"],
    "group_ports": ["rsp-bp1:80", "rsp-a:1, rsp-b_C-d:65535"],
    "domain_certificates": ["a.b:c", "a:b, *.c.d:e_f-1", "a:b,a:c"],
}
PIECES = (
    *"0159aAfz:,=.*-_ \t\n\r\x0b$^[]\\'\"", "\u00a0", "\u2028", "\u0663", "\u212a", "\u00e9", "\U0001f600",
    "on", "rr", "tcp", "https:", "65535", "65536", "::", "1.2.3.4", "fe80", "rsp-", "a=b", "a:80", "acs:", "aliyun",
    "ack.aliyun.com",
)  # fmt: skip
"""What readers look at, and what engines are known to see in different ways. (No NUL: the CEL library ends there.)"""
SOUP = st.lists(st.sampled_from(PIECES), max_size=8).map("".join)
ANY = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=20)


def near(*samples):
    """Samples, alone and listed; samples with a piece put in or in the place of a sign; pieces; any text."""
    right = st.sampled_from(samples)
    changed = st.builds(_changed, right, st.sampled_from(PIECES), st.integers(0, 40))
    return st.one_of(right, st.lists(right, min_size=2, max_size=3).map(",".join), changed, SOUP, ANY)


def _changed(value, piece, place):
    at = place % (len(value) + 1)
    return value[:at] + piece + value[at + place % 2 :]


@pytest.mark.parametrize("name", READERS)
def test_the_three_judges_agree_on_every_text(judges, name):
    reader = READERS[name]

    @settings(max_examples=150, deadline=None)
    @given(near(*SAMPLES[name]))
    def agree(value):
        assert_agreement(judges, reader, value)

    agree()


@settings(max_examples=100, deadline=None)
@given(near(*(sample for samples in SAMPLES.values() for sample in samples)))
def test_they_agree_on_every_annotation_that_is_declared(judges, value):
    for _, option in declared(Options):
        assert_agreement(judges, option.reader, value)


@pytest.mark.parametrize("name", READERS)
def test_a_reader_takes_one_of_its_samples(judges, name):
    assert any(judges.reads(READERS[name], sample) for sample in SAMPLES[name])


def assert_agreement(judges, reader, value):
    passes = judges.schema_accepts(reader, value)
    assert judges.cel_accepts(reader, value) == passes
    if not reader.beyond or not passes:
        assert judges.reads(reader, value) == passes


@pytest.mark.parametrize("reader", [one for one in READERS.values() if one.pattern], ids=lambda one: one.allowed[:30])
def test_a_pattern_keeps_to_what_every_engine_takes_alike(reader):
    told = reader.pattern + reader.never
    assert "\\" not in told
    assert not re.search(r"\(\?(?!:)", told), "a group that is neither plain nor `(?:`"
    assert not re.search(r"(?<!\[)\.(?!\])", told), "`.` outside of a class of its own"


@pytest.mark.parametrize("reader", READERS.values(), ids=list(READERS))
@pytest.mark.parametrize("long", ["0", " ", ",", "a,", "a=b,", " a ,", "1:1,", "tcp:1 ,", "::", "rsp-a:1,", "a:b,"])
def test_no_text_takes_long_to_judge(reader, long):
    started = time.process_time()
    for value in (long * (LONGEST // len(long)), long * (LONGEST // len(long) - 1) + "!"):
        try:
            reader.read(value)
        except ValueError:
            continue
    assert time.process_time() - started < 0.2


@given(st.ip_addresses())
def test_every_ip_address_is_read(address):
    for spelled in (str(address), address.exploded, address.compressed.upper()):
        assert ip_address().read(spelled) == str(address)


def is_address(value):
    try:
        ipaddress.ip_address(value)
    except ValueError:
        return False
    return True


@given(st.text("0123456789abcF:.", max_size=45))
def test_an_ip_address_is_what_the_standard_library_takes_for_one(judges, value):
    assert judges.reads(ip_address(), value) == is_address(value)


@pytest.mark.parametrize("last", ["", "1.2.3.4", "12345", "g"])
def test_every_number_of_groups_is_judged_as_the_standard_library_judges_it(judges, last):
    whole_ones = [":".join(["ab1"] * count + [last] * bool(last)) for count in range(10)]
    parts = [":".join(["0"] * count) for count in range(9)]
    for value in (*whole_ones, *(f"{before}::{after}" for before in parts for after in whole_ones)):
        assert judges.reads(ip_address(), value) == is_address(value), value


@settings(max_examples=300)
@given(st.integers(0, 10**6), st.integers(0, 10**6), st.integers(0, 10**6), st.integers(0, 3))
def test_a_whole_number_is_read_exactly_within_its_range(one, other, number, zeros):
    least, most = sorted((one, other))
    for value in {number, least, most, max(0, least - 1), most + 1}:
        try:
            read = whole(least, most).read("0" * zeros + str(value))
        except ValueError:
            read = None
        assert read == (str(value) if least <= value <= most else None)


def test_readers_give_what_the_program_uses():
    assert one_of("PayByCLCU", fold=True).read("paybyclcu") == "PayByCLCU"
    assert ids().read(" b,a ,b") == "a,b"
    assert labels().read("a=b=c,d=") == (("a", "b=c"), ("d", ""))
    assert tags().read("a,a=1,b==") == (("a", "1"), ("b", "="))
    assert protocol_ports().read("https:443, http:0080") == (("https", 443), ("http", 80))
    assert port_pairs().read("80:443 ,\t88:6443") == ((80, 443), (88, 6443))
    assert group_ports().read("rsp-1:80,rsp-2:443") == (("rsp-1", 80), ("rsp-2", 443))
    assert domain_certificates().read("a.b:c, *.d:e") == (("a.b", "c"), ("*.d", "e"))
    assert ip_address().read("FD00::0:1") == "fd00::1"


def test_an_address_with_a_zone_is_none_for_the_cloud():
    with pytest.raises(ValueError, match="fe80::1%eth0"):
        ip_address().read("fe80::1%eth0")


def test_what_no_pattern_can_say_is_told_by_the_reader():
    reader = domain_certificates()
    assert "domain" in reader.beyond
    with pytest.raises(ValueError, match="a:b,a:c"):
        reader.read("a:b,a:c")


def test_only_readers_that_say_so_go_beyond_their_pattern():
    assert {name for name, reader in READERS.items() if reader.beyond} == {"domain_certificates"}
