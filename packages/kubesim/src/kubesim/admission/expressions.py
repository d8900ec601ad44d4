"""CEL by its official runtime, which is loaded when the first policy is stored; a cluster without one never needs it.

https://github.com/cel-expr/cel-python
"""

import functools
import re
from collections.abc import Mapping
from typing import Any

VARIABLES = ("object", "oldObject", "request", "namespaceObject", "variables")
"""What an expression may speak of."""
_ABSENT = re.compile(r'^NOT_FOUND: Key not found in map : "(.*)"$', re.DOTALL)
_STATUS = re.compile(r"^[A-Z_]+: ")


class NotCompiled(Exception):
    """The text is no expression, or none of the type that is needed; the words are the compiler's."""


class NotEvaluated(Exception):
    """The expression has no value for what it was given."""


class Expression:
    """A compiled expression."""

    def __init__(self, text: str, wanted: str = "") -> None:
        """Compile. `wanted` is the type that it must have (BOOL, STRING), if any. Raises NotCompiled."""
        self.text = text
        self.uses = frozenset(re.findall(r"\bvariables\s*\.\s*(\w+)", text))
        """Names behind `variables.`; whoever evaluates provides them."""
        try:
            self._compiled = _environment().compile(text)
        except RuntimeError as error:
            raise NotCompiled(_first_words(str(error))) from None
        found = self._compiled.return_type().name()
        if wanted and found not in (wanted, "DYN"):
            raise NotCompiled(f"must evaluate to {wanted.lower()}")

    def evaluate(self, data: Mapping[str, Any]) -> Any:
        """Its value as plain Python. Raises NotEvaluated."""
        found = self._compiled.eval(data=dict.fromkeys(VARIABLES) | dict(data))
        if found.type().name() == "ERROR":
            raise NotEvaluated(_as_the_api_server_words_it(str(found.value())))
        return found.plain_value()


@functools.cache
def _environment() -> Any:
    from cel_expr_python import cel  # type: ignore[import-untyped]  # has types, and no marker that says so
    from cel_expr_python.ext import ext_optional, ext_strings  # type: ignore[import-untyped]  # as above

    extensions = [ext_strings.ExtStrings(), ext_optional.ExtOptional()]
    return cel.NewEnv(variables=dict.fromkeys(VARIABLES, cel.Type.DYN), extensions=extensions)


def _as_the_api_server_words_it(text: str) -> str:
    missing = _ABSENT.match(text)
    return f"no such key: {missing[1]}" if missing else _STATUS.sub("", text)


def _first_words(text: str) -> str:
    return _STATUS.sub("", text).removesuffix(" [INVALID_ARGUMENT]").strip()
