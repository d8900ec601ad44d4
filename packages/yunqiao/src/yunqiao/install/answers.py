"""What does an answer of the cloud tell about the one who asked? Told by the advice that cloud/codes.py has for it."""

from collections.abc import Mapping

from yunqiao.cloud import codes
from yunqiao.install.findings import advice, is_forbidden
from yunqiao.model.errors import Lost, NotYet, Trouble

ENDPOINT, REGION, CREDENTIALS, CLOCK, ACCOUNT = "endpoint", "region", "credentials", "clock", "account"
BLAMED: Mapping[str, str] = {
    codes.KEY: CREDENTIALS,
    codes.CLOCK: CLOCK,
    codes.ACCOUNT: ACCOUNT,
    "Check the region": REGION,
    "Check the endpoints and the region": REGION,
}
"""The check that a refusal is about, by how its advice begins."""


def is_heard(answer: Trouble | None) -> bool:
    """Whether the API itself has answered, be it with an error."""
    return answer is None or (answer.fault is not None and not answer.fault.code.startswith(codes.UNREADABLE))


def blamed(answer: Trouble | None) -> str:
    """The check that is to blame for a call that failed; empty when it is about the call itself."""
    if answer is None:
        return ""
    if not is_heard(answer):
        return ENDPOINT
    return next((check for begin, check in BLAMED.items() if advice(answer).startswith(begin)), "")


def is_let_through(answer: Trouble | None) -> bool:
    """Whether one may make that call: what is then said of a thing that does not exist is no matter of permission."""
    if answer is None:
        return True
    return not (blamed(answer) or is_forbidden(answer) or isinstance(answer, Lost | NotYet))
