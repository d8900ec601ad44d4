"""What each of the cloud's codes means for us."""

import pytest

from yunqiao.cloud import codes
from yunqiao.model.errors import Fault, Lost, NotYet, Refused, Stale, Trouble

BUSY = [
    "ServiceIsConfiguring", "BackendServer.configuring", "OperationBusy", "SystemBusy", "ServiceIsStopping",
    "VServerGroupProcessing", "TokenIsProcessing", "OperationFailed.TokenIsProcessing", "TaskConflict",
    "IncorrectRouteEntryStatus", "LastTokenProcessing", "OperationConflict", "Conflict.Lock",
    "IncorrectStatus.LoadBalancer", "DomainExtensionProcessing", "InvalidOperation.Conflict",
]  # fmt: skip
FAST = ["Throttling", "Throttling.User", "Throttling.Api", "ServiceUnavailable"]
GONE = [
    "InvalidLoadBalancerId.NotFound", "ResourceNotFound.loadBalancer", "InvalidRouteEntry.NotFound",
    "InvalidInstanceId.NotFound", "Forbidden.InstanceNotFound", "ListenerNotFound", "RESOURCE_NOT_FOUND",
]  # fmt: skip
THERE = ["ListenerAlreadyExists", "InvalidCIDRBlock.Duplicate", "RouterEntryConflict.Duplicated", "RspoolVipExist"]
FULL = [
    "InstanceBackendServerNumberOverLimit",
    "QuotaExceeded",
    "OverQuota",
    "AclEntryExceedLimit",
    "QuotaInsufficient",
]
DENIED = ["Forbidden.RAM", "Forbidden", "NoPermission", "Forbbiden.SubUser", "ActionUnauthorized"]


def meaning(code: str, status: int = 400, message: str = "Not so.", after: float | None = None) -> Trouble:
    return codes.outcome(Fault("CreateVServerGroup", status, code, message, "r-1"), "slb", after)


@pytest.mark.parametrize("code", BUSY + FAST)
def test_what_passes_by_itself_is_not_yet(code: str) -> None:
    trouble = meaning(code)
    assert isinstance(trouble, NotYet)
    assert trouble.after > 0


@pytest.mark.parametrize("code", GONE + THERE + FULL)
def test_what_is_gone_or_there_or_full_is_stale(code: str) -> None:
    assert type(meaning(code)) is Stale


@pytest.mark.parametrize("code", DENIED)
def test_what_is_denied_names_the_permission_to_allow(code: str) -> None:
    with pytest.raises(Refused, match="Allow the RAM action slb:CreateVServerGroup"):
        raise meaning(code, 403)


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("InvalidAccessKeyId.NotFound", "Check the access key"),
        ("SignatureDoesNotMatch", "Check the access key"),
        ("InvalidTimeStamp.Expired", "clock of this machine"),
        ("InvalidVSwitchId.NotFound", "Check the vSwitch"),
        ("InvalidRegionId.NotFound", "Check the region"),
        ("AccountHasArrearage", "account's owner"),
    ],
)
def test_what_somebody_must_put_right_says_what(code: str, said: str) -> None:
    with pytest.raises(Refused, match=said):
        raise meaning(code, 404)


def test_a_group_that_is_gone_is_known_by_its_message_alone() -> None:
    assert type(meaning("InvalidParameter", message="The specified VServerGroupId does not exist")) is Stale
    assert type(meaning("InvalidParameter", message="The specified Bandwidth is not valid.")) is Refused


def test_a_certificate_that_somebody_named_is_somebodys_to_put_right() -> None:
    missing = "The specified ServerCertificateId does not exist: 'cert-1'."
    for code in ("InvalidParameter", "InvalidParameter.ServerCertificateId"):
        with pytest.raises(Refused, match="Check the certificate's id and region"):
            raise meaning(code, message=missing)


def test_a_domain_that_is_there_already_or_gone_is_stale() -> None:
    assert type(meaning("InvalidParameter.Domain", message="The specified Domain exists: a.example.")) is Stale
    assert type(meaning("InvalidParameter.Domain", message="'a' is no domain name.")) is Refused
    assert type(meaning("InvalidParameter.DomainExtensionId", message="... does not exist: de-1.")) is Stale


@pytest.mark.parametrize("code", ["AclNotExist", "AclNameExist", "AclNumberOverLimit", "AclEntryExceedLimit"])
def test_an_access_control_list_that_is_gone_or_there_or_full_is_stale(code: str) -> None:
    assert type(meaning(code)) is Stale


def test_a_list_that_others_use_says_who_must_let_go() -> None:
    with pytest.raises(Stale, match="Take the access control list off the other listeners"):
        raise meaning("OperationFailed.AclBindedWithVip")


def test_a_vswitch_without_addresses_is_refused_although_the_code_says_unavailable() -> None:
    assert type(meaning("ServiceUnavailable", message="The vpc subnet is not exist.")) is Refused


@pytest.mark.parametrize(
    ("code", "status", "expected"),
    [
        ("Whatever", 400, Refused),
        ("Whatever", 404, Stale),
        ("Whatever", 500, Lost),
        ("Whatever", 429, codes.Throttled),
        ("HTTP403", 403, Lost),
        ("HTTP503", 503, NotYet),
        ("InternalError", 500, Lost),
        ("SignatureNonceUsed", 400, Lost),
        ("", 400, Lost),
    ],
)
def test_a_code_that_nobody_knows_is_judged_by_its_status(code: str, status: int, expected: type[Trouble]) -> None:
    assert type(meaning(code, status)) is expected


def test_the_clouds_own_wish_for_a_pause_wins() -> None:
    trouble = meaning("Throttling", after=2.5)
    assert isinstance(trouble, NotYet)
    assert trouble.after == 2.5


def test_throttling_is_told_from_being_busy() -> None:
    assert isinstance(meaning("Throttling.User"), codes.Throttled)
    assert isinstance(meaning("HTTP429", 429), codes.Throttled)
    assert isinstance(meaning("OperationBusy", after=1.0), codes.Throttled)
    assert not isinstance(meaning("OperationBusy"), codes.Throttled)
    assert not isinstance(meaning("HTTP503", 503), codes.Throttled)


def test_an_ended_key_is_recognised() -> None:
    assert codes.key_ended(meaning("InvalidSecurityToken.Expired", 403))
    assert not codes.key_ended(meaning("Forbidden.RAM", 403))


def test_every_row_names_its_source() -> None:
    assert all(row.source for row in codes.TABLE)
    assert all(row.after > 0 for row in codes.TABLE if issubclass(row.meaning, NotYet))
