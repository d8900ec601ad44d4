"""The shapes of names, labels and addresses, with the API server's words for what is wrong with one.

Rules: https://kubernetes.io/docs/concepts/overview/working-with-objects/names/ and .../labels/.
Each check returns a list of complaints, empty when the value is fine.
"""

import re
from ipaddress import ip_address, ip_network

_LABEL = "[a-z0-9]([-a-z0-9]*[a-z0-9])?"
_SUBDOMAIN = rf"{_LABEL}(\.{_LABEL})*"
_QUALIFIED = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]"
_VALUE = f"({_QUALIFIED})?"

_LABEL_WORDS = "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character"  # noqa: E501 - the server's sentence
_SUBDOMAIN_WORDS = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character"  # noqa: E501 - the server's sentence
_QUALIFIED_WORDS = "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character"  # noqa: E501 - the server's sentence
_VALUE_WORDS = "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character"  # noqa: E501 - the server's sentence


def label(value: str) -> list[str]:
    """A DNS label: names of Services, Namespaces and ports."""
    return _shaped(value, 63, _LABEL, f"{_LABEL_WORDS} (e.g. 'my-name',  or '123-abc'")


def subdomain(value: str) -> list[str]:
    """A DNS subdomain: names of most objects."""
    return _shaped(value, 253, _SUBDOMAIN, f"{_SUBDOMAIN_WORDS} (e.g. 'example.com'")


def path_segment(value: str) -> list[str]:
    """Anything that fits in one segment of a URL: names of RBAC objects."""
    if value in (".", ".."):
        return [f"may not be '{value}'"]
    return [f"may not contain '{sign}'" for sign in "/%" if sign in value]


def label_value(value: str) -> list[str]:
    """The value of a label."""
    return _shaped(value, 63, _VALUE, f"{_VALUE_WORDS} (e.g. 'MyValue',  or 'my_value',  or '12345'")


def qualified(value: str) -> list[str]:
    """A key of a label or annotation, or a finalizer: name or prefix/name."""
    prefix, slash, name = value.rpartition("/")
    if slash and not prefix:
        return ["prefix part must be non-empty"]
    complaints = [f"prefix part {words}" for words in subdomain(prefix)] if slash else []
    if not name:
        return [*complaints, "name part must be non-empty"]
    shaped = _shaped(name, 63, _QUALIFIED, f"{_QUALIFIED_WORDS} (e.g. 'MyName',  or 'my.name',  or '123-abc'")
    return complaints + [f"name part {words}" if words.startswith("must be") else words for words in shaped]


def port(value: int) -> list[str]:
    """A port number."""
    return [] if 1 <= value <= 65535 else ["must be between 1 and 65535, inclusive"]


def port_name(value: str) -> list[str]:
    """An IANA service name, as used for named target ports."""
    complaints = []
    if len(value) > 15:
        complaints.append("must be no more than 15 characters")
    if not re.fullmatch("[-a-z0-9]+", value):
        complaints.append("must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)")
    if not re.search("[a-z]", value):
        complaints.append("must contain at least one letter (a-z)")
    if "--" in value:
        complaints.append("must not contain consecutive hyphens")
    if value[:1] == "-" or value[-1:] == "-":
        complaints.append("must not begin or end with a hyphen")
    return complaints


def address(value: str) -> list[str]:
    """An IP address of either family."""
    try:
        ip_address(value)
    except ValueError:
        return ["must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"]
    return []


def network(value: str) -> list[str]:
    """A range in CIDR notation."""
    try:
        ip_network(value, strict=False)
    except ValueError:
        return ["must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)"]
    return [] if "/" in value else ["must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)"]


def endpoint_address(value: str) -> list[str]:
    """An address that may stand behind a Service: no loopback, link-local, multicast or unspecified one."""
    if address(value):
        return address(value)
    found = ip_address(value)
    if found.is_unspecified:
        return [f"may not be unspecified ({value})"]
    if found.is_loopback:
        return ["may not be in the loopback range (127.0.0.0/8, ::1/128)"]
    if found.is_link_local:
        return ["may not be in the link-local range (169.254.0.0/16, fe80::/10)"]
    if found.is_multicast:
        return ["may not be in the multicast range (224.0.0.0/4, ff00::/8)"]
    return []


def _shaped(value: str, longest: int, pattern: str, words: str) -> list[str]:
    complaints = [f"must be no more than {longest} bytes"] if len(value.encode()) > longest else []
    if not re.fullmatch(pattern, value):
        complaints.append(f"{words}, regex used for validation is '{pattern}')")
    return complaints
