"""Ages as kubectl writes them: 5s, 3m20s, 2d4h. From apimachinery's duration.HumanDuration."""

from datetime import UTC, datetime


def age(moment: str | None, now: datetime) -> str:
    """How long ago an API timestamp was; <unknown> without one."""
    if not moment:
        return "<unknown>"
    then = datetime.fromisoformat(moment)
    return short_duration(int((now - then).total_seconds()))


def short_duration(seconds: int) -> str:
    """Seconds in at most two units, the finer one only while it matters."""
    if seconds < 0:
        return "0s" if seconds >= -1 else "<invalid>"
    minutes, hours, days = seconds // 60, seconds // 3600, seconds // 86400
    if seconds < 120:
        return f"{seconds}s"
    if minutes < 10:
        return f"{minutes}m" + (f"{seconds % 60}s" if seconds % 60 else "")
    if minutes < 180:
        return f"{minutes}m"
    if hours < 8:
        return f"{hours}h" + (f"{minutes % 60}m" if minutes % 60 else "")
    if hours < 48:
        return f"{hours}h"
    if days < 8:
        return f"{days}d" + (f"{hours % 24}h" if hours % 24 else "")
    if days < 730:
        return f"{days}d"
    years = days // 365
    return f"{years}y" + (f"{days % 365}d" if years < 8 and days % 365 else "")


def utc_now() -> datetime:
    """The present."""
    return datetime.now(UTC)
