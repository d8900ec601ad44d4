"""How the SLB service writes times: to the second, and as milliseconds since 1970."""

from datetime import datetime


def moment(when: datetime) -> str:
    """Write a time to the second."""
    return when.strftime("%Y-%m-%dT%H:%M:%SZ")


def milliseconds(when: datetime) -> int:
    """Return a time as milliseconds since 1970."""
    return int(when.timestamp() * 1000)
