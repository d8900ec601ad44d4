import re

from hypothesis import example, given
from hypothesis import strategies as st

from yunqiao.model.keys import LONGEST, Owner, balancer_name, cluster_id, read

DNS_LABEL = st.from_regex(r"[a-z]([-a-z0-9]{0,61}[a-z0-9])?", fullmatch=True)
CLUSTER = st.from_regex(r"[A-Za-z0-9-]{1,40}", fullmatch=True)
PORT = st.one_of(st.integers(1, 65535).map(str), st.from_regex(r"[a-z][a-z0-9-]{0,13}[a-z0-9]", fullmatch=True))
OWNER = st.builds(Owner, DNS_LABEL, DNS_LABEL, CLUSTER)


def test_a_short_key_is_spelled_as_the_incumbent_spells_it():
    assert Owner("nginx", "default", "clusterid").key(80) == "k8s/80/nginx/default/clusterid"


@given(OWNER, PORT)
@example(Owner("s" * 63, "n" * 63, "c" * 33), "a-port-name-15c")
def test_a_key_fits_the_api_and_reads_back_as_five_parts(owner, port):
    key = owner.key(port)
    assert len(key) <= LONGEST
    assert re.fullmatch(r"[A-Za-z0-9\-/._]+", key)
    assert read(key) is not None
    assert read(key).port == port


@given(OWNER, PORT)
def test_an_owner_knows_its_own_keys_cut_or_in_full(owner, port):
    assert owner.owns(owner.key(port))
    assert owner.owns(f"k8s/{port}/{owner.service}/{owner.namespace}/{owner.cluster}")


@given(OWNER, OWNER, PORT)
def test_two_owners_never_share_a_key(one, other, port):
    if one != other:
        assert one.key(port) != other.key(port)
        assert not one.owns(other.key(port))


@given(CLUSTER, PORT)
def test_long_names_that_differ_at_the_end_only_stay_apart(cluster, port):
    one, other = (Owner("s" * 62 + end, "n" * 63, cluster) for end in "ab")
    assert one.key(port) != other.key(port)
    assert not one.owns(other.key(port))


@given(st.text(max_size=90))
def test_reading_never_fails_and_foreign_text_is_nobodys(text):
    key = read(text)
    assert key is None or text.startswith("k8s/")


def test_the_name_of_a_balancer_is_cut_to_32_characters_of_the_uid():
    assert balancer_name("3f2b8c1e-93ab-4a6e-a8b9-1c2d3e4f5a6b") == "a3f2b8c1e93ab4a6ea8b91c2d3e4f5a6"


def test_clusters_get_different_ids_from_their_kube_system_uids():
    one, other = cluster_id("uid-1"), cluster_id("uid-2")
    assert one != other
    assert re.fullmatch(r"[a-z2-7]{10}", one)
