"""Marks on routes: short enough, read back, never mixed up."""

from hypothesis import given
from hypothesis import strategies as st

from yunqiao.model.route import LONGEST_MARK, Mark, Route, canonical, mark, network, read_mark

NAMES = st.from_regex(r"[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?", fullmatch=True)
CLUSTERS = st.from_regex(r"[a-z0-9]{1,40}", fullmatch=True)


@given(NAMES, CLUSTERS)
def test_a_mark_fits_and_names_its_cluster(node: str, cluster: str) -> None:
    text = mark(node, cluster)
    read = read_mark(text)
    assert len(text) <= LONGEST_MARK
    assert read is not None
    assert read.cluster == cluster
    assert read.node in (node, "")


@given(NAMES, NAMES, CLUSTERS)
def test_two_nodes_never_share_a_mark(one: str, other: str, cluster: str) -> None:
    assert (mark(one, cluster) == mark(other, cluster)) == (one == other)


def test_names_that_differ_at_their_end_only_do_not_share_a_mark() -> None:
    assert mark("n" * 250 + "a", "c") != mark("n" * 250 + "b", "c")
    assert read_mark(mark("n" * 253, "c")) == Mark("", "c")


def test_what_others_write_is_no_mark() -> None:
    for text in ("", "k8s", "k8s/80/nginx/default/c", "k8s/route/w1", "k8s/route//nodes/c", "k8s/route/a/b/nodes/c"):
        assert read_mark(text) is None


def test_a_range_has_one_spelling() -> None:
    assert canonical("10.0.1.7/24") == "10.0.1.0/24"
    assert canonical("FD00:0::/64") == "fd00::/64"
    assert (canonical("pl-1"), network("pl-1")) == ("pl-1", None)


def test_an_entry_leads_to_an_instance_only_by_itself() -> None:
    assert Route("vtb-1", "10.0.1.0/24", "i-1").leads_to("i-1")
    assert not Route("vtb-1", "10.0.1.0/24", "i-1").leads_to("i-2")
    assert not Route("vtb-1", "10.0.1.0/24", "i-1", shared=True).leads_to("i-1")
    assert not Route("vtb-1", "10.0.1.0/24", "eni-1", next_hop_type="NetworkInterface").leads_to("eni-1")
