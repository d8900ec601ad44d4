"""Tokens: whose they are and how long they hold."""

from datetime import UTC, datetime, timedelta

import pytest

from kubesim.access.token_file import TokenFileError, load
from kubesim.access.users import User, Users

NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def minted(verbs):
    users = Users(verbs.storage, {"static": User("jane")})
    token, ends = users.mint(verbs.get("serviceaccounts", "default", "default"), 600, NOW)
    assert ends == NOW + timedelta(seconds=600)
    return users, token


def test_a_static_token_is_its_users(minted):
    users, _ = minted
    assert users.find("static", NOW) == User("jane")
    assert users.find("other", NOW) is None


def test_a_minted_token_is_the_accounts(minted):
    users, token = minted
    found = users.find(token, NOW)
    assert found.name == "system:serviceaccount:default:default"
    assert found.groups == ("system:serviceaccounts", "system:serviceaccounts:default", "system:authenticated")


def test_a_minted_token_ends_with_its_time(minted):
    users, token = minted
    assert users.find(token, NOW + timedelta(seconds=599)) is not None
    assert users.find(token, NOW + timedelta(seconds=600)) is None


def test_a_minted_token_ends_with_its_account(verbs, minted):
    users, token = minted
    verbs.delete("serviceaccounts", "default", "default")
    assert users.find(token, NOW) is None
    verbs.create("serviceaccounts", {"metadata": {"name": "default"}}, "default")
    assert users.find(token, NOW) is None


def test_a_token_file_names_users_and_groups(tmp_path):
    file = tmp_path / "tokens.csv"
    file.write_text('# who\nabc,jane,7,"dev,ops"\ndef,joe,8\n')
    assert load(file) == {
        "abc": User("jane", ("dev", "ops", "system:authenticated"), "7"),
        "def": User("joe", ("system:authenticated",), "8"),
    }


@pytest.mark.parametrize("text", ["hidden,jane\n", ",jane,7\n", "hidden,jane,7\nhidden,joe,8\n"])
def test_a_bad_line_is_named_without_its_token(tmp_path, text):
    file = tmp_path / "tokens.csv"
    file.write_text(text)
    with pytest.raises(TokenFileError, match=r"tokens.csv, line [12]") as refused:
        load(file)
    assert "hidden" not in str(refused.value)
