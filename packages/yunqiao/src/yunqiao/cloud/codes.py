"""What does an error answer of the cloud mean for us? One table, read from the top; nobody else looks at a code.

The five meanings: Refused (somebody must act), NotYet (come back later), Stale (what we believed is no longer true),
Lost (we cannot know whether it took effect). Sources are named beside each group of rows:

- COMMON  https://www.alibabacloud.com/help/en/ecs/developer-reference/api-ecs-2014-05-26-errorcodes
- SLB     https://help.aliyun.com/en/slb/classic-load-balancer/developer-reference/api-slb-2014-05-15-errorcodes
- VPC     https://help.aliyun.com/en/vpc/developer-reference/api-vpc-2016-04-28-errorcodes
- ROUTES  https://www.alibabacloud.com/help/en/vpc/developer-reference/api-vpc-2016-04-28-createrouteentries
- NLB     https://www.alibabacloud.com/help/en/slb/network-load-balancer/developer-reference/api-nlb-2022-04-30-errorcodes
- ALICLOUD  github.com/aliyun/terraform-provider-alicloud, whose retry lists name the codes that pass by themselves
"""

from dataclasses import dataclass
from fnmatch import fnmatchcase

from yunqiao.model.errors import Fault, Lost, NotYet, Refused, Stale, Trouble

UNREADABLE = "HTTP"
"""Begins the code of an answer that was not the API's (`HTTP502`): a gateway's page, an empty body."""

TOO_LONG = (413, 414)
"""HTTP status of a request that a gateway takes for too long: the API never saw it."""

BUSY = 1.0
THROTTLED = 5.0
SLOW = 10.0
"""Seconds to wait: for a configuration to end, for a rate to recover, for a task or an outage to pass."""


class Throttled(NotYet):
    """The cloud asked us to slow down (where a plain NotYet waits for a change to end)."""


@dataclass(frozen=True, slots=True)
class Row:
    """Codes (shell patterns) that mean one thing; `advice` may name {permission}, `says` is part of the message."""

    codes: tuple[str, ...]
    meaning: type[Trouble]
    source: str
    after: float = 0.0
    advice: str = ""
    says: str = ""


MISSING = "does not exist"
CLOCK = "The clock of this machine is more than 15 minutes off: set it right (NTP)."
KEY = "Check the access key: accessKeyID and accessKeySecret of the cloud-config, or where else it comes from."
PERMISSION = "Allow the RAM action {permission} for the identity that yunqiao uses."
ACCOUNT = "This is between the account's owner and Alibaba Cloud (payment, verification, risk control)."

TABLE: tuple[Row, ...] = (
    # Too fast. The prefix covers Throttling.User, Throttling.Api and the rest.
    Row(("Throttling*", "Throttled*", "FlowLimit*", "RequestLimitExceeded"), Throttled, "COMMON", THROTTLED),
    Row(
        ("ServiceUnavailable",),
        Refused,
        "SLB",
        says="subnet",
        advice="Check the vSwitch: it must exist and have free addresses.",
    ),
    Row(("ServiceUnavailable", "ServiceUnavailable.*"), NotYet, "COMMON", SLOW),
    # Mid-change: the cloud finishes one configuration of a balancer before it takes the next.
    Row(
        (
            "BackendServer.configuring",
            "DomainExtensionProcessing",
            "OperationBusy",
            "ServiceIsConfiguring",
            "ServiceIsStopping",
            "SystemBusy",
            "TokenIsProcessing",
            "*.TokenIsProcessing",
            "VServerGroupProcessing",
        ),
        NotYet,
        "SLB, ALICLOUD",
        BUSY,
    ),
    Row(
        ("Conflict", "Conflict.Lock", "IncorrectStatus.*", "ResourceInConfiguring*", "VipStatusNotSupport"),
        NotYet,
        "NLB",
        BUSY,
    ),
    # The VPC works route changes off one after the other, so a conflict ends by itself.
    Row(
        (
            "IncorrectHaVipStatus",
            "IncorrectInstanceStatus*",
            "IncorrectRouteEntryStatus",
            "IncorrectStatus",
            "IncorrectVSwitchStatus",
            "IncorrectVpcStatus",
            "LastTokenProcessing",
            "OperationConflict",
            "OperationFailed.DistibuteLock",
            "TOKEN_PROCESSING",
            "TaskConflict",
            "UnknownError",
        ),
        NotYet,
        "VPC, ALICLOUD",
        THROTTLED,
    ),
    Row(("InvalidOperation.Conflict", "InvalidOperation.InvalidEniState"), NotYet, "ALICLOUD", BUSY),
    # Identity. A temporary key that ended is renewed by whoever sends; the call comes back afterwards.
    Row(("InvalidSecurityToken*", "*.InvalidSecurityToken*"), NotYet, "COMMON", THROTTLED),
    Row(("SignatureNonceUsed",), Lost, "COMMON"),
    Row(("InvalidTimeStamp*", "IllegalTimestamp"), Refused, "COMMON", advice=CLOCK),
    Row(
        ("InvalidAccessKey*", "SignatureDoesNotMatch", "IncompleteSignature", "InvalidSignature*"),
        Refused,
        "COMMON",
        advice=KEY,
    ),
    Row(("Forbidden.InstanceNotFound", "Forbidden.*NotFound*"), Stale, "COMMON, ALICLOUD"),
    Row(
        ("Forbidden.RiskControl", "Forbidden.UserVerification", "NoNameAuthentication"),
        Refused,
        "COMMON",
        advice=ACCOUNT,
    ),
    Row(
        ("AccountHasArrearage", "InsufficientBalance", "NotEnoughBalance", "InvalidAccountStatus*", "PAY.*"),
        Refused,
        "SLB",
        advice=ACCOUNT,
    ),
    Row(
        (
            "ActionUnauthorized",
            "Forbbiden*",
            "Forbidden",
            "Forbidden.*",
            "ImplicitDeny",
            "NoPermission*",
            "NotAuthorized*",
            "Unauthorized*",
            "UnauthorizedOperation*",
            "UserNotAllowed",
        ),
        Refused,
        "COMMON, SLB",
        advice=PERMISSION,
    ),
    # Not a thing of ours that vanished, but something the user named.
    Row(
        ("*VSwitch*NotFound", "*VSwitch*NotExist", "InvalidVpcId*", "InvalidVpc.NotFound"),
        Refused,
        "VPC",
        advice="Check the vSwitch and the VPC that are configured.",
    ),
    Row(
        ("*ResourceGroup*NotFound", "*ResourceGroup*NotExist*"),
        Refused,
        "SLB",
        advice="Check the resource group that is configured.",
    ),
    Row(
        ("*Certificate*NotFound", "*Certificate*NotExist*"),
        Refused,
        "SLB",
        advice="Check the certificate's id and region.",
    ),
    Row(
        ("InvalidApi.NotFound", "InvalidAction*", "InvalidProduct.NotFound", "InvalidVersion"),
        Refused,
        "COMMON",
        advice="Check the endpoints and the region.",
    ),
    Row(("InvalidRegionId*",), Refused, "COMMON", advice="Check the region that is configured."),
    Row(
        ("InvalidParameter", "InvalidParameter.ServerCertificateId"),
        Refused,
        "SLB",
        says="ServerCertificateId does not exist",
        advice="Check the certificate's id and region.",
    ),
    # Gone, there already, or full: look again, then decide anew.
    Row(("InvalidParameter.Domain",), Stale, "SLB", says="exists"),
    Row(("InvalidParameter*", "InvalidServerGroupId*"), Stale, "SLB, ALICLOUD", says=MISSING),
    Row(
        ("*NotFound", "*NotFound.*", "*NotExist", "*NotExists", "*NotExist.*", "*.NotExist*", "RESOURCE_NOT_FOUND"),
        Stale,
        "SLB, VPC, NLB",
    ),
    Row(
        (
            "*AlreadyExist*",
            "AclNameExist",
            "*.Duplicate*",
            "*Duplicated",
            "ResourceAlreadyAssociated*",
            "RspoolVipExist",
            "ResourceInUse*",
            "DependencyViolation*",
        ),
        Stale,
        "SLB, ROUTES, NLB",
    ),
    Row(
        ("OperationFailed.AclBindedWithVip",),
        Stale,
        "SLB",
        advice="Take the access control list off the other listeners that use it.",
    ),
    Row(
        (
            "*OverLimit",
            "*ExceedLimit*",
            "*LimitExceed*",
            "*OverQuota*",
            "OverQuota",
            "QuotaExceed*",
            "*.QuotaExceed*",
            "QuotaInsufficient*",
        ),
        Stale,
        "SLB, ROUTES, NLB",
    ),
    # A token that was used with other parameters: the earlier create went through, so look for its result.
    Row(
        ("LX_REQUEST_TOKEN_CONFLICT", "IdempotentParameterMismatch", "*IdempotenceParam*", "*IdempotentParam*"),
        Stale,
        "SLB",
    ),
    Row(("InternalError*", "InternalInvokeError", "ServiceTimeout*"), Lost, "COMMON, SLB"),
)


def outcome(fault: Fault, product: str, retry_after: float | None = None) -> Trouble:
    """Give the exception that says what to do about `fault`; `retry_after` is the cloud's own wish in seconds."""
    row = _row(fault)
    if retry_after is not None or (row is None and fault.status == 429):
        return Throttled(str(fault), retry_after or THROTTLED, fault)
    if row is None:
        return _by_status(fault)
    if issubclass(row.meaning, NotYet):
        return row.meaning(str(fault), row.after, fault)
    advice = row.advice.format(permission=f"{product}:{fault.action}")
    return row.meaning(f"{fault} {advice}".rstrip(), fault)


def is_full(trouble: Trouble) -> bool:
    """Tell whether the cloud takes no more of a kind (InstanceBackendServerNumberOverLimit): room must be made."""
    return trouble.fault is not None and trouble.fault.code.endswith(("OverLimit", "OverQuota"))


def about_the_question(trouble: Trouble) -> bool:
    """Tell whether something that was asked for is wrong, rather than who asked, when, or how often.

    The same question in smaller pieces shows which of them it is.
    """
    fault = trouble.fault if isinstance(trouble, Refused | Stale) else None
    return fault is not None and fault.status in (400, 404, *TOO_LONG)


def key_ended(trouble: Trouble) -> bool:
    """Tell whether a temporary key was refused because it ended, so that a new one is needed."""
    return trouble.fault is not None and "InvalidSecurityToken" in trouble.fault.code


def _row(fault: Fault) -> Row | None:
    return next((row for row in TABLE if _matches(row, fault)), None)


def _matches(row: Row, fault: Fault) -> bool:
    return row.says in fault.message and any(fnmatchcase(fault.code, pattern) for pattern in row.codes)


def _by_status(fault: Fault) -> Trouble:
    """A code that is not in the table: an answer that is not the API's own says nothing about the effect."""
    if fault.status == 503:
        return NotYet(str(fault), THROTTLED, fault)
    if fault.status in TOO_LONG:
        return Refused(f"{fault} The request is too long for the gateway: it must be parted.", fault)
    if fault.status >= 500 or not fault.code or fault.code.startswith(UNREADABLE):
        return Lost(str(fault), fault)
    if fault.status == 404:
        return Stale(str(fault), fault)
    return Refused(str(fault), fault)
