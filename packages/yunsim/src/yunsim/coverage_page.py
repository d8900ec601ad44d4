"""The coverage as a page for people, docs/reference/yunsim-coverage.md: `yunsim coverage` prints it."""

from collections.abc import Iterator, Sequence

from yunsim import reference
from yunsim.coverage import CoveredAction, CoveredField
from yunsim.dispatch import PRODUCTS

_INTRODUCTION = """# What yunsim covers

<!-- Made by `yunsim coverage`; do not edit. -->

Every action, parameter and answer field of the published Python SDKs' models, as far as yunsim or the controller
yunqiao has to do with it, and what becomes of it. Actions that are not on this page are refused
(InvalidAction.NotFound).

- **modelled**: an action that exists; a parameter that has an effect or is kept and answered; a field that is answered.
- **ignored**: a parameter that is taken without any effect; a field that is left out of the answer.
- **refused**: an action that does not exist; a parameter that strict mode refuses (`Yunsim.UnknownParameter`; without
  strict mode it is ignored).

Nothing of this has been compared with the real cloud yet: names and types are those of the SDKs, behaviour is that of
the documentation. How an account owner can compare: packages/yunsim/README.md, "Record and replay".

A setting of a listener is modelled when it is kept and answered; that says nothing of what traffic feels of it.

A required parameter has a star. `N` counts from 1. The fields `RequestId` (always answered) and `OwnerAccount`,
`OwnerId`, `ResourceOwnerAccount`, `ResourceOwnerId` (always ignored) are left out.
"""


def page(actions: Sequence[CoveredAction]) -> str:
    """Write the page."""
    return "\n".join([_INTRODUCTION, *_summary(actions), *_products(actions)]) + "\n"


def _summary(actions: Sequence[CoveredAction]) -> Iterator[str]:
    yield "| product | actions | of these modelled | used by yunqiao | parameters modelled | answer fields modelled |"
    yield "| --- | --- | --- | --- | --- | --- |"
    for product in reference.PRODUCTS:
        own = [each for each in actions if each.product == product]
        there = [each for each in own if each.state == "modelled"]
        parameters = [field for each in there for field in each.parameters]
        answer = [field for each in there for field in each.answer]
        used = sum(each.used_by_yunqiao for each in own)
        yield (
            f"| {product.upper()} {PRODUCTS[product].version} | {len(own)} | {len(there)} | {used} "
            f"| {_share(parameters)} | {_share(answer)} |"
        )


def _share(fields: Sequence[CoveredField]) -> str:
    return f"{sum(field.state == 'modelled' for field in fields)} of {len(fields)}"


def _products(actions: Sequence[CoveredAction]) -> Iterator[str]:
    for product in reference.PRODUCTS:
        yield f"\n## {product.upper()} {PRODUCTS[product].version}\n"
        own = [each for each in actions if each.product == product]
        if refused := [f"`{each.name}`" for each in own if each.state == "refused"]:
            yield f"Refused: {', '.join(refused)}.\n"
        for action in own:
            if action.state == "modelled":
                yield from _action(action)


def _action(action: CoveredAction) -> Iterator[str]:
    yield f"### {action.name}{' (used by yunqiao)' if action.used_by_yunqiao else ''}\n"
    for kind, fields in (("Parameters", action.parameters), ("Answer", action.answer)):
        for state in ("modelled", "ignored", "refused"):
            shown = [field for field in fields if field.state == state and field.path != "RequestId"]
            if shown:
                yield f"- {kind} {state}: {_listed(shown)}"
    yield ""


def _listed(fields: Sequence[CoveredField]) -> str:
    """List fields, those of one object together behind its path."""
    by_object: dict[str, list[str]] = {}
    for field in fields:
        above, _, name = field.path.removesuffix(".N").rpartition(".")
        is_list = ".N" if field.path.endswith(".N") else ""
        by_object.setdefault(above, []).append(f"`{name}{is_list}`{'*' if field.required else ''}")
    groups = [(f"in `{above}`: " if above else "") + ", ".join(names) for above, names in sorted(by_object.items())]
    return "; ".join(groups)
