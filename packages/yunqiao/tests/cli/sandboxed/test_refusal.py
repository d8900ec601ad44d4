"""Each way in which a system forbids a private network is named, with its fix."""

import errno
import os

import pytest

from yunqiao.cli.sandboxed.refusal import Setting, refusal


def failed(number: int) -> OSError:
    return OSError(number, os.strerror(number), "unshare(2)")


def settings(**values: str) -> Setting:
    return lambda name: values.get(name.rpartition("/")[2], "")


@pytest.mark.parametrize(
    ("number", "name", "value", "fix"),
    [
        (errno.ENOSPC, "max_user_namespaces", "0", "sysctl -w user.max_user_namespaces=15000"),
        (errno.ENOSPC, "max_net_namespaces", "0", "sysctl -w user.max_net_namespaces=15000"),
        (errno.EPERM, "unprivileged_userns_clone", "0", "sysctl -w kernel.unprivileged_userns_clone=1"),
        (
            errno.EACCES,
            "apparmor_restrict_unprivileged_userns",
            "1",
            "sysctl -w kernel.apparmor_restrict_unprivileged_userns=0",
        ),
    ],
)
def test_a_setting_that_forbids_it_is_named_with_the_value_that_allows_it(
    number: int, name: str, value: str, fix: str
) -> None:
    text = refusal(failed(number), settings(**{name: value}))
    assert f"{name} is {value}" in text
    assert fix in text


def test_settings_that_allow_it_are_not_blamed() -> None:
    allowed = settings(unprivileged_userns_clone="1", apparmor_restrict_unprivileged_userns="0", max_net_namespaces="9")
    assert "sysctl" not in refusal(failed(errno.EPERM), allowed)
    assert "sysctl" not in refusal(failed(errno.ENOSPC), allowed)


def test_a_container_is_named_when_no_setting_explains_the_refusal() -> None:
    assert "seccomp=unconfined" in refusal(failed(errno.EPERM), settings())


def test_a_kernel_without_namespaces_is_called_so() -> None:
    assert "this kernel was built without" in refusal(failed(errno.EINVAL), settings())


def test_what_was_refused_is_told() -> None:
    assert refusal(failed(errno.EPERM), settings()).startswith("unshare(2) says Operation not permitted: ")
