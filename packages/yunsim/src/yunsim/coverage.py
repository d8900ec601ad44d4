"""What of the published reference exists here: each action, parameter and answer field, found out and not written down.

A parameter is `modelled` when its action reads it, `ignored` when it is taken without effect, and `refused` when the
action does not know it (by strict mode; else it is ignored as well). An answer field is `modelled` when some answer of
the tour has it (yunsim.reference.tour, one story with every action), else it is `ignored`: left out. Of an action that
does not exist everything is `refused`.
"""

import ast
import dataclasses
import inspect
import typing
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

from yunsim import reference, worldfile
from yunsim.calls import new_request_id
from yunsim.dispatch import PRODUCTS, perform
from yunsim.founding import found
from yunsim.parameters import Action, Parameter, parameters_of, plain
from yunsim.products.ecs import rules as ecs_rules
from yunsim.products.sts.state import of as sts
from yunsim.products.vpc import rules as vpc_rules
from yunsim.reference import Described, Field
from yunsim.reference.tour import tour
from yunsim.world import World

State = Literal["modelled", "ignored", "refused"]


@dataclass(frozen=True, slots=True)
class CoveredField:
    """A parameter or answer field of the reference, and what becomes of it here."""

    path: str
    type: str
    required: bool
    state: State


@dataclass(frozen=True, slots=True)
class CoveredAction:
    """An action of the reference: whether it exists (`modelled`) or not (`refused`), and whether yunqiao calls it."""

    product: str
    name: str
    state: State
    used_by_yunqiao: bool
    parameters: tuple[CoveredField, ...]
    answer: tuple[CoveredField, ...]


def coverage() -> list[CoveredAction]:
    """Hold every action of the reference against what exists."""
    answered = _answered()
    return [
        _covered(described, PRODUCTS[product].actions().get(described.name), answered[product, described.name])
        for product in reference.PRODUCTS
        for described in reference.actions(product)
    ]


def _covered(described: Described, action: Action | None, answered: set[str]) -> CoveredAction:
    def state_of(parameter: Field) -> State:
        return _parameter_state(action, parameter.path) if action else "refused"

    def state_in_answer(field: Field) -> State:
        return "refused" if action is None else "modelled" if field.path in answered else "ignored"

    return CoveredAction(
        described.product,
        described.name,
        "modelled" if action else "refused",
        described.name in reference.used_by_yunqiao(described.product),
        tuple(CoveredField(each.path, each.type, each.required, state_of(each)) for each in described.parameters),
        tuple(CoveredField(each.path, each.type, each.required, state_in_answer(each)) for each in described.answer),
    )


def _parameter_state(action: Action, path: str) -> State:
    name, _, below = path.partition(".")
    name = name[:1].upper() + name[1:]
    if name == "RegionId":
        return "modelled"  # checked for every action that takes it, see yunsim.dispatch
    declared = {parameter.name: parameter for parameter in parameters_of(action)}
    if name not in declared or not _has(declared[name], below.removeprefix("N").removeprefix(".")):
        return "refused"
    return "modelled" if name in _read(action) else "ignored"


def _has(parameter: Parameter, below: str) -> bool:
    """Tell whether a list of objects has a field; what is plain text, or JSON in one, has no fields of its own."""
    hint = plain(typing.get_args(parameter.hint)[0]) if typing.get_args(parameter.hint) else parameter.hint
    if not below or not dataclasses.is_dataclass(hint):
        return True
    return below.partition(".")[0] in {field.name for field in dataclasses.fields(hint)}


@cache
def _read(action: Action) -> set[str]:
    """Return the parameters that the action's statements mention; `**settings` are all passed on."""
    function = ast.parse(inspect.getsource(action)).body[0]
    if not isinstance(function, ast.FunctionDef):
        raise TypeError(f"{action} is not written as a function")
    mentioned = {each.id for line in function.body for each in ast.walk(line) if isinstance(each, ast.Name)}
    own = {argument.arg for argument in function.args.kwonlyargs}
    passed_on = {parameter.name for parameter in parameters_of(action)} - own if function.args.kwarg else set()
    return (mentioned & own) | passed_on


def _answered() -> dict[tuple[str, str], set[str]]:
    """Return the paths of all fields that the answers of the tour have, by product and action."""
    world = found(dataclasses.replace(worldfile.load(), route_change_seconds=0.0))
    _furnish(world)
    paths: dict[tuple[str, str], set[str]] = defaultdict(set)

    def call(product: str, action: str, **fields: str) -> dict[str, Any]:
        answer = {"RequestId": new_request_id()} | perform(world, product, action, fields)
        paths[product, action].update(_paths(answer))
        return answer

    tour(call)
    role = call("sts", "AssumeRole", RoleArn=next(iter(sts(world).roles)), RoleSessionName="coverage")
    call("sts", "GetCallerIdentity", AccessKeyId=role["Credentials"]["AccessKeyId"])
    return paths


def _furnish(world: World) -> None:
    """Give the world what can be described but not made through the API."""
    networks, instances = vpc_rules.state(world), ecs_rules.state(world)
    address = networks.add_elastic_ip(world, "203.0.113.7", instance_id="lb-1", instance_type="SlbInstance")
    tagged: list[Any] = [
        address,
        *networks.vpcs.values(),
        *networks.vswitches.values(),
        *networks.route_tables.values(),
    ]
    for thing in (*tagged, *instances.interfaces.values()):
        thing.tags["stage"] = "test"
    next(iter(instances.instances.values())).locks = ["financial"]
    for interface in instances.interfaces.values():
        interface.ipv6 = ["2001:db8::7"]


def _paths(value: Any, above: str = "") -> Iterator[str]:
    if isinstance(value, dict):
        for name, each in value.items():
            yield from _paths(each, f"{above}.{name}" if above else name)
    elif isinstance(value, list):
        yield f"{above}.N"
        for each in value:
            yield from _paths(each, f"{above}.N")
    else:
        yield above
