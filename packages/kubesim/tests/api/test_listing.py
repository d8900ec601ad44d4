"""Pages, revisions, and what is too old or too new."""

import base64

import pytest

from kubesim.errors import StatusError


def fill(verbs, count):
    for number in range(count):
        verbs.create("configmaps", {"metadata": {"name": f"c{number:03}"}}, "default")


def names(listed):
    return [item["metadata"]["name"] for item in listed["items"]]


def test_pages_show_the_state_of_the_first_one(verbs):
    fill(verbs, 5)
    first = verbs.list("configmaps", "default", limit=2)
    assert first["metadata"]["remainingItemCount"] == 3
    verbs.delete("configmaps", "c003", "default")
    verbs.create("configmaps", {"metadata": {"name": "c0025"}}, "default")
    second = verbs.list("configmaps", "default", limit=2, continue_=first["metadata"]["continue"])
    third = verbs.list("configmaps", "default", limit=2, continue_=second["metadata"]["continue"])
    assert names(first) + names(second) + names(third) == [f"c{number:03}" for number in range(5)]
    assert second["metadata"]["resourceVersion"] == first["metadata"]["resourceVersion"]
    assert "continue" not in third["metadata"]


def test_a_page_that_is_too_old_offers_to_go_on_inconsistently(verbs):
    fill(verbs, 4)
    first = verbs.list("configmaps", "default", limit=2)
    verbs.delete("configmaps", "c003", "default")
    verbs.storage.forget()
    with pytest.raises(StatusError, match="continue parameter is too old") as caught:
        verbs.list("configmaps", "default", limit=2, continue_=first["metadata"]["continue"])
    assert (caught.value.code, caught.value.reason) == (410, "Expired")
    rest = verbs.list("configmaps", "default", limit=2, continue_=caught.value.status()["metadata"]["continue"])
    assert names(rest) == ["c002"]


@pytest.mark.parametrize("token", ["abc", "!", base64.urlsafe_b64encode(b'{"rv":1}').decode()])
def test_a_token_that_is_none_is_refused(verbs, token):
    with pytest.raises(StatusError, match="invalid continue token: continue key is not valid") as caught:
        verbs.list("configmaps", continue_=token)
    assert caught.value.code == 400


def test_an_exact_revision_is_shown_as_it_was_or_expired(verbs):
    fill(verbs, 1)
    then = str(verbs.storage.revision)
    fill_again = {"metadata": {"name": "later"}}
    verbs.create("configmaps", fill_again, "default")
    listed = verbs.list("configmaps", "default", resource_version=then, resource_version_match="Exact")
    assert names(listed) == ["c000"]
    with pytest.raises(StatusError, match="The resourceVersion for the provided list is too old") as caught:
        verbs.list("configmaps", "default", resource_version="1", resource_version_match="Exact")
    assert caught.value.code == 410


def test_a_revision_from_the_future_times_out(verbs):
    with pytest.raises(StatusError, match="Too large resource version: 999999") as caught:
        verbs.list("services", resource_version="999999")
    assert (caught.value.code, caught.value.details["retryAfterSeconds"]) == (504, 1)


def test_a_revision_that_is_no_number_is_refused(verbs):
    with pytest.raises(StatusError, match=r'strconv.ParseUint: parsing "abc": invalid syntax'):
        verbs.list("services", resource_version="abc")


def test_a_match_without_revision_is_refused(verbs):
    with pytest.raises(StatusError, match="resourceVersionMatch is forbidden unless resourceVersion is provided"):
        verbs.list("services", resource_version_match="Exact")


def test_revision_zero_ignores_the_limit_as_the_watch_cache_does(verbs):
    fill(verbs, 3)
    assert len(verbs.list("configmaps", "default", limit=1, resource_version="0")["items"]) == 3
