"""The declared annotations as a JSON Schema for `metadata.annotations` of a Service: what editors and linters read.

https://json-schema.org/draft/2020-12 (patterns are ECMA-262, searched for anywhere, so each is anchored). Where both
prefixes are given, the older one is judged here as well, although the controller reads the current one alone.
"""

from collections.abc import Iterable
from typing import Any

from yunqiao.options.declare import PREFIXES, Declared
from yunqiao.options.readers import Reader

Schema = dict[str, Any]


def schema(options: Iterable[Declared], others: Iterable[str] = ()) -> Schema:
    """Judge all annotations of a Service; `others` are keys under our prefixes that somebody else reads.

    A key under our prefixes that nobody reads is refused by its name; what is under other prefixes is any text.
    """
    found = list(options)
    names = [prefix + option.suffix for prefix in PREFIXES for option in found]
    ours = {"pattern": f"^(?:{'|'.join(_plain(prefix) for prefix in PREFIXES)})"}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Annotations of a Service of type LoadBalancer",
        "description": "What yunqiao reads there. Generated: `yunqiao annotations --output schema`.",
        "type": "object",
        "propertyNames": {"anyOf": [{"not": ours}, {"enum": [*names, *others]}]},
        "properties": {
            prefix + option.suffix: {"$ref": f"#/$defs/{option.suffix}"} for prefix in PREFIXES for option in found
        },
        "additionalProperties": {"type": "string"},
        "$defs": {option.suffix: {"description": option.summary, **_or_empty(option.reader)} for option in found},
    }


def fragment(reader: Reader) -> Schema:
    """What the reader accepts (where its `beyond` says so, a little more)."""
    if reader.values:
        return {"type": "string", "enum": list(reader.values)}
    judged: Schema = {"type": "string", "maxLength": reader.longest}
    if reader.pattern:
        judged["pattern"] = f"^(?:{reader.pattern})$"
    if reader.never:
        judged["not"] = {"pattern": reader.never}
    return judged


def _or_empty(reader: Reader) -> Schema:
    """An empty value means that the annotation is not given."""
    judged = fragment(reader)
    if reader.values:
        return judged | {"enum": [*judged["enum"], ""]}
    return {"anyOf": [judged, {"const": ""}]} if reader.pattern else judged


def _plain(prefix: str) -> str:
    return prefix.replace(".", "[.]")
