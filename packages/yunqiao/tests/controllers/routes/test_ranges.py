"""Bisection finds what comparing each with each finds."""

from ipaddress import ip_network

from hypothesis import given
from hypothesis import strategies as st

from yunqiao.controllers.routes.ranges import Ranges
from yunqiao.model.route import Route, mark

CIDRS = st.one_of(
    st.builds(
        lambda number, length: str(ip_network((0xAC100000 + number * 64, length), strict=False)),
        st.integers(0, 64),
        st.integers(16, 28),
    ),
    st.builds(
        lambda number, length: str(ip_network(((0xFD << 120) + (number << 60), length), strict=False)),
        st.integers(0, 64),
        st.integers(48, 70),
    ),
)


@given(st.lists(CIDRS, unique=True, max_size=30), CIDRS)
def test_what_lies_inside_and_around_a_range_is_found(cidrs: list[str], asked: str) -> None:
    ranges = Ranges(Route("vtb-1", cidr, "i-1", description=mark("w1", "c")) for cidr in cidrs)
    wanted = ip_network(asked)
    same = [one for one in map(ip_network, cidrs) if one.version == wanted.version and one != wanted]
    assert sorted(one.cidr for one in ranges.inside(asked)) == sorted(
        str(one)
        for one in same
        if one.subnet_of(wanted)  # type: ignore[arg-type]  # of one family
    )
    assert sorted(one.cidr for one in ranges.around(asked)) == sorted(
        str(one)
        for one in same
        if one.supernet_of(wanted)  # type: ignore[arg-type]  # of one family
    )


def test_only_entries_of_nodes_count_as_around() -> None:
    routes = [Route("vtb-1", "0.0.0.0/0", "ngw-1"), Route("vtb-1", "172.16.0.0/12", "vpn-1", description="VPN")]
    assert list(Ranges(routes).around("172.16.1.0/24")) == []


def test_what_is_no_range_meets_nothing() -> None:
    ranges = Ranges([Route("vtb-1", "pl-1", "vpn-1"), Route("vtb-1", "172.16.1.0/24", "i-1")])
    assert list(ranges.inside("pl-1")) == list(ranges.around("pl-1")) == []
    assert [one.cidr for one in ranges.inside("172.16.0.0/16")] == ["172.16.1.0/24"]
