"""One ValidatingAdmissionPolicy, compiled: what it decides about one request.

Wording follows the API server's policy plugin (k8s.io/apiserver, pkg/admission/plugin/policy/validating).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from kubesim.admission.expressions import Expression, NotEvaluated
from kubesim.objects import Object, meta

LONGEST_MESSAGE = 5 * 1024
"""Bytes that a messageExpression may give."""


@dataclass(frozen=True, slots=True)
class Denial:
    """A validation that does not hold, or could not be evaluated."""

    message: str
    reason: str = "Invalid"


@dataclass(frozen=True, slots=True)
class Validation:
    """One rule and what to say when it is broken."""

    expression: Expression
    message: str
    message_expression: Expression | None
    reason: str


@dataclass(frozen=True, slots=True)
class Policy:
    """A policy ready to be evaluated."""

    name: str
    constraints: Object
    fails: bool
    """Whether what cannot be evaluated is denied (failurePolicy Fail)."""
    conditions: tuple[Expression, ...]
    variables: Mapping[str, Expression]
    validations: tuple[Validation, ...]

    def judge(self, data: Mapping[str, Any]) -> Iterator[Denial]:
        """What stands against a request that the policy matches; `data` are object, oldObject, request ..."""
        scope = _Scope(self.variables, data)
        applies, error = self._applies(scope)
        if error:
            yield from self._failed(error)
        elif applies:
            for validation in self.validations:
                yield from self._validate(validation, scope)

    def _applies(self, scope: "_Scope") -> tuple[bool, str]:
        """Whether all matchConditions hold; one that is false counts more than one that fails."""
        errors = []
        for condition in self.conditions:
            try:
                if scope.evaluate(condition) is False:
                    return False, ""
            except NotEvaluated as error:
                errors.append(str(error))
        return not errors, errors[0] if len(errors) == 1 else f"[{', '.join(errors)}]" if errors else ""

    def _validate(self, validation: Validation, scope: "_Scope") -> Iterator[Denial]:
        try:
            holds = scope.evaluate(validation.expression)
        except NotEvaluated as error:
            yield from self._failed(str(error))
        else:
            if holds is not True:
                yield Denial(_words(validation, scope), validation.reason)

    def _failed(self, error: str) -> Iterator[Denial]:
        if self.fails:
            yield Denial(error)


@dataclass(slots=True)
class _Scope:
    """The data of one request, with each of the policy's variables worked out when it is first needed."""

    expressions: Mapping[str, Expression]
    data: Mapping[str, Any]
    values: dict[str, Any] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)

    def evaluate(self, expression: Expression) -> Any:
        """Its value. Raises NotEvaluated, naming the expression."""
        for name in expression.uses:
            self._work_out(name)
        try:
            return expression.evaluate({**self.data, "variables": self.values})
        except NotEvaluated as error:
            told = next(
                (text for name, text in self.errors.items() if str(error) == f"no such key: {name}"), str(error)
            )
            raise NotEvaluated(f"expression '{expression.text}' resulted in error: {told}") from None

    def _work_out(self, name: str) -> None:
        if name in self.values or name in self.errors or name not in self.expressions:
            return
        self.errors[name] = f'composited variable "{name}" fails to evaluate: it needs itself'
        try:
            self.values[name] = self.evaluate(self.expressions[name])
        except NotEvaluated as error:
            self.errors[name] = f'composited variable "{name}" fails to evaluate: {error}'
        else:
            del self.errors[name]


def compiled(policy: Object) -> Policy:
    """Compile a stored policy. Raises NotCompiled."""
    spec = policy["spec"]
    return Policy(
        name=meta(policy)["name"],
        constraints=spec["matchConstraints"],
        fails=spec["failurePolicy"] == "Fail",
        conditions=tuple(Expression(each["expression"]) for each in spec.get("matchConditions") or ()),
        variables={each["name"]: Expression(each["expression"]) for each in spec.get("variables") or ()},
        validations=tuple(_validation(each) for each in spec.get("validations") or ()),
    )


def _validation(rule: Object) -> Validation:
    told = Expression(rule["messageExpression"]) if rule.get("messageExpression") else None
    return Validation(Expression(rule["expression"]), rule.get("message", ""), told, rule.get("reason") or "Invalid")


def _words(validation: Validation, scope: _Scope) -> str:
    """The messageExpression's text if it is a fit one, else the message, else the expression."""
    told = ""
    if validation.message_expression is not None:
        try:
            told = str(scope.evaluate(validation.message_expression)).strip()
        except NotEvaluated:
            told = ""
    if "\n" in told or len(told.encode()) > LONGEST_MESSAGE:
        told = ""
    return told or validation.message.strip() or f"failed expression: {validation.expression.text.strip()}"
