"""How the value of an annotation is read: what is accepted, as data, and what becomes of it.

Because what is accepted is data (a list of texts, or a pattern and a length), everybody who judges a value judges it
alike: `read` in the controller, the JSON Schema in an editor, and the admission policy in the API server. Patterns
keep to what Python, RE2 (CEL) and ECMA-262 (JSON Schema) all take in the same sense: literals, classes, groups,
alternatives and counts; no backslash, no look-around, no `.`.
"""

import ipaddress
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from yunqiao.options.patterns import BLANK, IP_ADDRESS, UNBLANK, in_any_case, listed, literal, number, padded

LONGEST = 4096
"""Characters of a value whose reader names no limit. The API server's budget for CEL needs an end, and so do we."""
_PORT = number(1, 65535)


@dataclass(frozen=True, slots=True)
class Reader:
    """What a value may be, and what is made of it. `allowed` says the former in words."""

    convert: Callable[[str], Any]
    """Makes of an accepted value what the program uses. Raises ValueError for what `beyond` tells."""
    allowed: str
    values: tuple[str, ...] = ()
    """The only texts that are accepted, where they can be listed."""
    pattern: str = ""
    """What a value must look like from its first to its last character."""
    never: str = ""
    """What must stand nowhere in it."""
    longest: int = LONGEST
    """Characters (code points)."""
    beyond: str = ""
    """What `convert` refuses and no pattern can say, so that a schema or a policy lets it pass."""

    def read(self, value: str) -> Any:
        """Give the value as the program uses it. Raises ValueError when it is not accepted."""
        if not self._accepts(value):
            raise ValueError(value)
        return self.convert(value)

    def _accepts(self, value: str) -> bool:
        if self.values:
            return value in self.values
        if len(value) > self.longest or (self.pattern and not re.fullmatch(self.pattern, value)):
            return False
        # In Python alone `$` also matches before a last line break.
        return not (self.never and re.search(self.never.replace("$", r"\Z"), value))


def one_of(*values: str, fold: bool = False) -> Reader:
    """One of these texts; with `fold`, in any (ASCII) case."""
    words = ", ".join(values)
    if not fold:
        return Reader(str, words, values=values)
    spelled = {value.lower(): value for value in values}
    return Reader(lambda value: spelled[value.lower()], words, pattern="|".join(map(in_any_case, values)))


def switch(on: str = "true", off: str = "false") -> Reader:
    """`on` or `off`, sent to the API as it spells them."""
    return Reader(lambda value: on if value == "on" else off, "on, off", values=("on", "off"))


def whole(least: int, most: int) -> Reader:
    """A whole number in a range, base 10, given to the API as text."""
    pattern = number(least, most)
    return Reader(lambda value: str(int(value)), f"a whole number from {least} to {most}", pattern=pattern)


def text(longest: int = 256) -> Reader:
    """Any text up to a length."""
    return Reader(str, f"a text of at most {longest} characters", longest=longest)


def path(longest: int = 80) -> Reader:
    """`/healthz?full=1`: what the API takes as the path of a health check."""
    words = f"a path that begins with / (letters, digits and -/.%?#&=_), at most {longest} characters"
    return Reader(str, words, pattern=f"/[A-Za-z0-9/.%?#&=_-]{{0,{longest - 1}}}", longest=longest)


def http_codes() -> Reader:
    """`http_2xx,http_3xx`: classes of HTTP status."""
    words = "http_1xx to http_5xx, separated by commas"
    return Reader(str, words, pattern=listed("http_[1-5]xx"))


def ip_address() -> Reader:
    """An IPv4 or IPv6 address, without a zone."""
    return Reader(lambda value: str(ipaddress.ip_address(value)), "an IP address", pattern=IP_ADDRESS)


def ids() -> Reader:
    """Ids separated by commas, in any order; given to the API sorted."""
    pattern = listed(f"[{BLANK}]*{UNBLANK}[^,]*")
    return Reader(lambda value: ",".join(sorted(set(_items(value)))), "ids separated by commas", pattern=pattern)


def labels() -> Reader:
    """`key=value,key2=value2`, all of which must hold; a value may hold `=`, or be empty."""

    def convert(value: str) -> tuple[tuple[str, str], ...]:
        return tuple((key, wanted) for key, _, wanted in (pair.partition("=") for pair in value.split(",")))

    return Reader(convert, "key=value pairs separated by commas", pattern=listed("[^,=]+=[^,]*"))


def tags(reserved: Iterable[str] = ()) -> Reader:
    """`team=shop,stage=`: tags, without those that say whose a thing is; a value may hold `=`, or be empty."""

    def convert(value: str) -> tuple[tuple[str, str], ...]:
        return tuple({key: wanted for key, _, wanted in (pair.partition("=") for pair in value.split(","))}.items())

    barred = tuple(reserved)
    taken = f"|(?:{'|'.join(map(literal, barred))})(?:[=,]|$)" if barred else ""
    words = f"key=value pairs separated by commas; keys not: {', '.join(('acs:...', 'aliyun...', *barred))}"
    return Reader(convert, words, pattern=listed("[^,=][^,]*"), never=f"(?:^|,)(?:acs:|aliyun{taken})")


def protocol_ports() -> Reader:
    """`https:443,http:80`: the listener protocol for each port."""
    words = "protocol:port pairs separated by commas; protocols: tcp, udp, http, https"
    return Reader(_with_port, words, pattern=listed(padded(f"(?:tcp|udp|https?):{_PORT}")))


def port_pairs() -> Reader:
    """`80:443,88:6443`: from and to."""

    def convert(value: str) -> tuple[tuple[int, int], ...]:
        return tuple((int(first), port) for first, port in _with_port(value))

    pattern = listed(padded(f"{_PORT}:{_PORT}"))
    return Reader(convert, "port:port pairs separated by commas", pattern=pattern)


def group_ports() -> Reader:
    """`rsp-1:80,rsp-2:443`: the server group for each port."""
    words = "server group:port pairs separated by commas, such as rsp-bp1abc:80"
    return Reader(_with_port, words, pattern=listed(padded(f"rsp-[0-9A-Za-z_-]+:{_PORT}")))


def domain_certificates() -> Reader:
    """`a.example.com:cert-1,*.example.org:cert-2`: the certificate for each further domain."""

    def convert(value: str) -> tuple[tuple[str, str], ...]:
        pairs = tuple((domain, certificate) for domain, _, certificate in (one.partition(":") for one in _items(value)))
        if len({domain for domain, _ in pairs}) != len(pairs):
            raise ValueError(value)
        return pairs

    return Reader(
        convert,
        "domain:certificate pairs separated by commas, each domain once",
        pattern=listed(padded(f"[^,:{BLANK}]+:[^,:{BLANK}]+")),
        beyond="that no domain comes twice (a pattern cannot compare two places of a text)",
    )


def _items(value: str) -> list[str]:
    return [one.strip(BLANK) for one in value.split(",")]


def _with_port(value: str) -> tuple[tuple[str, int], ...]:
    return tuple((name, int(port)) for name, _, port in (one.partition(":") for one in _items(value)))
