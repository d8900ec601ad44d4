"""Ask yunsim what the recording asked the cloud, in the same order, and tell where the answers differ."""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from yunsim.calls import Cloud, new_request_id
from yunsim.errors import ApiError
from yunsim.recording.comparing import Difference, differences
from yunsim.recording.names import Names
from yunsim.recording.redaction import HIDDEN
from yunsim.recording.tape import Exchange
from yunsim.wire import error_body

Ask = Callable[[str, str, Mapping[str, str]], Awaitable[tuple[int, Any]]]
"""Makes one call of a product and returns the HTTP status and the body of the answer, a refusal's as well."""


@dataclass(frozen=True, slots=True)
class Played:
    """One exchange that was asked again, or could not be (`skipped` says why), and what differed."""

    number: int
    product: str
    action: str
    skipped: str = ""
    differences: list[Difference] = field(default_factory=list)


async def replay(recorded: Iterable[Exchange], ask: Ask, here: Mapping[str, Any]) -> list[Played]:
    """Play a recording; `here` is what exists before, as `GET /_yunsim/state` shows it."""
    names = Names(here)
    return [await _play(exchange, ask, names) for exchange in recorded]


async def _play(exchange: Exchange, ask: Ask, names: Names) -> Played:
    if hidden := [name for name, value in exchange.params.items() if value == HIDDEN]:
        why = f"{', '.join(hidden)} was not recorded, being secret"
        return Played(exchange.number, exchange.product, exchange.action, skipped=why)
    status, body = await ask(exchange.product, exchange.action, names.request(exchange.params))
    found = list(differences(exchange.body, body, names))
    if status != exchange.status:
        found.insert(0, Difference("(HTTP status)", str(exchange.status), str(status)))
    return Played(exchange.number, exchange.product, exchange.action, differences=found)


def in_process(cloud: Cloud) -> Ask:
    """Ask a cloud in this process."""

    async def ask(product: str, action: str, params: Mapping[str, str]) -> tuple[int, Any]:
        try:
            return 200, await cloud.send(product, action, params)
        except ApiError as refused:
            return refused.status, error_body(refused, new_request_id(), "")

    return ask
