"""Regular expressions that mean the same in Python, RE2 (CEL) and ECMA-262 (JSON Schema), made from what they say."""

BLANK = " \t\r\n"
"""What may stand around the items of a list. (What else is blank differs from engine to engine.)"""
UNBLANK = f"[^,{BLANK}]"

_GROUP = "[0-9A-Fa-f]{1,4}"
_BYTE = "(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
_IPV4 = f"{_BYTE}(?:[.]{_BYTE}){{3}}"
_LAST = f"(?:{_GROUP}:{_GROUP}|{_IPV4})"


def _ipv6() -> str:
    """Every form of RFC 3986, appendix A (IPv6address): eight groups, or `::` in the place of at least one."""
    tails = [f"(?:{_GROUP}:){{{count}}}{_LAST}" for count in range(5, -1, -1)] + [_GROUP, ""]
    short = (f"{_up_to(most)}::{tail}" for most, tail in enumerate(tails))
    return "|".join([f"(?:{_GROUP}:){{6}}{_LAST}", *short])


def _up_to(most: int) -> str:
    """From none to `most` groups."""
    return f"(?:(?:{_GROUP}:){{0,{most - 1}}}{_GROUP})?" if most else ""


IP_ADDRESS = f"(?:{_IPV4}|{_ipv6()})"
"""What Python's `ipaddress.ip_address` takes, without zones."""


def literal(text: str) -> str:
    """Match just this text: letters, digits, and signs that a class of their own makes plain."""
    return "".join(sign if sign.isalnum() or sign in "-_:/" else f"[{sign}]" for sign in text)


def in_any_case(text: str) -> str:
    """Match this text in any case of its ASCII letters."""
    return "".join(f"[{sign.upper()}{sign.lower()}]" if sign.isalpha() else literal(sign) for sign in text)


def listed(item: str) -> str:
    """One item or more, separated by commas."""
    return f"{item}(?:,{item})*"


def padded(item: str) -> str:
    """An item with blanks around it; it must itself neither begin nor end with one, or matching may take ages."""
    return f"[{BLANK}]*{item}[{BLANK}]*"


def number(least: int, most: int) -> str:
    """A whole number of that range, base 10, with any number of zeros before it."""
    lengths = range(len(str(least)), len(str(most)) + 1)
    spans = ((max(least, 10 ** (length - 1) if length > 1 else 0), min(most, 10**length - 1)) for length in lengths)
    return f"0*(?:{'|'.join(_same_length(str(low), str(high)) for low, high in spans)})"


def _same_length(low: str, high: str) -> str:
    """Match what lies between two numbers of as many digits."""
    if len(low) <= 1:
        return low if low == high else f"[{low}-{high}]"
    if low[0] == high[0]:
        return low[0] + _same_length(low[1:], high[1:])
    rest = len(low) - 1
    first, last = int(low[0]), int(high[0])
    parts = []
    if low[1:] != "0" * rest:
        parts.append(low[0] + _same_length(low[1:], "9" * rest))
        first += 1
    whole_to = last if high[1:] == "9" * rest else last - 1
    if first <= whole_to:
        parts.append(_same_length(str(first), str(whole_to)) + ("[0-9]" if rest == 1 else f"[0-9]{{{rest}}}"))
    if whole_to < last:
        parts.append(high[0] + _same_length("0" * rest, high[1:]))
    return parts[0] if len(parts) == 1 else f"(?:{'|'.join(parts)})"
