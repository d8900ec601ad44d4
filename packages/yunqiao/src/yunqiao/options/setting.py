"""How is one setting declared, whether it is a flag, a key of the cloud-config or an environment variable? Once, here.

The declaration is data: it parses, it is what `--help` prints and what the reference page is generated from.
"""

import base64
import binascii
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, Literal

Kind = Literal["string", "boolean", "integer", "duration", "list", "address", "base64"]
Value = str | bool | int | float | tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Setting:
    """One flag, key or variable.

    `deprecated` says what to use instead (a warning when it is given); `ignored` says why it has no effect (an info).
    """

    name: str
    kind: Kind
    default: Value
    help: str
    deprecated: str = ""
    ignored: str = ""
    allowed: tuple[str, ...] = ()
    least: int | None = None


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with one setting, complete enough to be put right: name, value, what is allowed, the fix."""

    name: str
    text: str
    unknown: bool = False

    def __str__(self) -> str:
        """`--network: "vcp" is not one of vpc, public`."""
        return f"{self.name}: {self.text}"


@dataclass(frozen=True, slots=True)
class Note:
    """What the user should know although it stops nothing."""

    name: str
    text: str
    level: Literal["info", "warning"] = "warning"

    def __str__(self) -> str:
        """`--leader-elect-resource-lock: ...`."""
        return f"{self.name}: {self.text}"


Settled = tuple[dict[str, Any], tuple[Problem, ...], tuple[Note, ...]]
"""Values by the setting's name (only those that were given), what is wrong, what to know."""


def parse(setting: Setting, text: str) -> Value:
    """Read a value; ValueError says what is allowed (for base64 without showing the value, which is a secret)."""
    value = _PARSERS[setting.kind](text.strip())
    if setting.allowed:
        wrong = [word for word in (value if isinstance(value, tuple) else (value,)) if word not in setting.allowed]
        if wrong:
            raise ValueError(
                f'"{wrong[0]}" is not one of {", ".join(setting.allowed)}{_hint(str(wrong[0]), setting.allowed)}'
            )
    if setting.least is not None and isinstance(value, int | float) and value < setting.least:
        raise ValueError(f"{text} is too small; at least {setting.least} is needed")
    return value


def printed(setting: Setting) -> str:
    """The default as one would write it."""
    default = setting.default
    if isinstance(default, bool):
        return str(default).lower()
    if setting.kind == "duration":
        return f"{default:g}s"
    return ",".join(default) if isinstance(default, tuple) else str(default)


def settle(settings: Iterable[Setting], given: Mapping[str, str], prefix: str = "") -> Settled:
    """Parse all that was `given` (texts by setting name), collecting every problem and note; `prefix` is for show."""
    values: dict[str, Value] = {}
    problems: list[Problem] = []
    notes: list[Note] = []
    for setting in settings:
        if setting.name not in given:
            continue
        shown = f"{prefix}{setting.name}"
        if setting.ignored:
            notes.append(Note(shown, f"has no effect: {setting.ignored}", "info"))
            continue
        if setting.deprecated:
            notes.append(Note(shown, setting.deprecated))
        try:
            values[setting.name] = parse(setting, given[setting.name])
        except ValueError as error:
            problems.append(Problem(shown, str(error)))
    return values, tuple(problems), tuple(notes)


def nearest(name: str, names: Iterable[str]) -> str:
    """The one of `names` that was probably meant, or an empty string."""
    spelled = {known.lower(): known for known in names}
    return next((spelled[match] for match in get_close_matches(name.lower(), spelled, 1, 0.6)), "")


def _hint(name: str, names: Iterable[str]) -> str:
    meant = nearest(name, names)
    return f"; did you mean {meant}?" if meant else ""


def _boolean(text: str) -> bool:
    """As Go's strconv.ParseBool."""
    if text in {"1", "t", "T", "true", "TRUE", "True"}:
        return True
    if text in {"0", "f", "F", "false", "FALSE", "False"}:
        return False
    raise ValueError(f'"{text}" is not true or false')


def _integer(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise ValueError(f'"{text}" is not a whole number') from None


_UNITS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}
_DURATION = re.compile(r"(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|ms|s|m|h)")


def _duration(text: str) -> float:
    """As Go's time.ParseDuration (`3m`, `1h30m`, `1.5s`), in seconds."""
    if text == "0":
        return 0.0
    if not text or _DURATION.sub("", text):
        raise ValueError(f'"{text}" is not a duration such as 15s, 3m or 1h30m')
    return sum(float(number) * _UNITS[unit] for number, unit in _DURATION.findall(text))


def _list(text: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in text.split(",") if word.strip())


def _address(text: str) -> str:
    """`:10258`, `127.0.0.1:8080`, `[::1]:8080`; an empty text or `0` turns the listener off."""
    if text in {"", "0"}:
        return ""
    host, colon, port = text.rpartition(":")
    if not colon or not port.isdecimal() or int(port) > 65535 or (":" in host and not host.startswith("[")):
        raise ValueError(f'"{text}" is not an address such as :10258 or 127.0.0.1:8080 (0 turns it off)')
    return text


def _base64(text: str) -> str:
    """Decoded text; the error shows nothing of a value that may be a secret."""
    try:
        return base64.b64decode(text, validate=True).decode("utf-8").strip()
    except (binascii.Error, UnicodeDecodeError):
        raise ValueError('is not standard base64; encode it with: echo -n "$VALUE" | base64 -w 0') from None


_PARSERS: dict[Kind, Callable[[str], Value]] = {
    "string": str,
    "boolean": _boolean,
    "integer": _integer,
    "duration": _duration,
    "list": _list,
    "address": _address,
    "base64": _base64,
}
