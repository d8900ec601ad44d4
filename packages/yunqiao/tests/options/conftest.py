"""One text, three judges: the controller's own reading, a JSON Schema validator, and a CEL evaluation (RE2)."""

import re
from dataclasses import dataclass, field

import jsonschema
import pytest
from cel_expr_python import cel as runtime
from cel_expr_python.ext import ext_optional, ext_strings

from yunqiao.options.admission_policy import cel
from yunqiao.options.json_schema import fragment


def _pattern(validator, pattern, instance, schema):
    """ECMA-262, as the specification asks: in Python alone `$` also matches before a last line break."""
    if isinstance(instance, str) and not re.search(pattern.replace("$", r"\Z"), instance):
        yield jsonschema.ValidationError(f"{instance!r} does not match {pattern!r}")


Validator = jsonschema.validators.extend(jsonschema.Draft202012Validator, {"pattern": _pattern})


def _environment():
    names = ("value", "variables", "object", "oldObject", "request")
    extensions = [ext_strings.ExtStrings(), ext_optional.ExtOptional()]
    return runtime.NewEnv(variables=dict.fromkeys(names, runtime.Type.DYN), extensions=extensions)


@dataclass
class Judges:
    """Expressions are compiled once."""

    environment: object = field(default_factory=_environment)
    compiled: dict = field(default_factory=dict)

    def reads(self, reader, value):
        try:
            reader.read(value)
        except ValueError:
            return False
        return True

    def schema_accepts(self, reader, value):
        return Validator(fragment(reader)).is_valid(value)

    def cel_accepts(self, reader, value):
        answer = self.evaluate(cel(reader), value=value)
        assert isinstance(answer, bool), answer
        return answer

    def evaluate(self, expression, **data):
        """What a CEL expression gives, as plain Python; the text of an error when it fails."""
        if expression not in self.compiled:
            self.compiled[expression] = self.environment.compile(expression)
        return self.compiled[expression].eval(data=data).plain_value()

    def validator(self, schema):
        Validator.check_schema(schema)
        return Validator(schema)


@pytest.fixture(scope="session")
def judges():
    return Judges()


@dataclass
class Gate:
    """A policy as the API server evaluates it, for the few things that our policies use."""

    judges: Judges
    policy: dict

    def refusals(self, new, old=None):
        """The message of each validation that does not hold."""
        data = {"object": new, "oldObject": old, "variables": {}}
        spec = self.policy["spec"]
        if not all(self._true(each["expression"], data) for each in spec["matchConditions"]):
            return []
        for each in spec["variables"]:
            data["variables"][each["name"]] = self.judges.evaluate(each["expression"], **data)
        broken = [each for each in spec["validations"] if not self._true(each["expression"], data)]
        return [self.judges.evaluate(each["messageExpression"], **data) for each in broken]

    def _true(self, expression, data):
        answer = self.judges.evaluate(expression, **data)
        assert isinstance(answer, bool), f"{expression}: {answer}"
        return answer


@pytest.fixture(scope="session")
def gate(judges):
    return lambda policy: Gate(judges, policy)
