"""What surrounds the cloud: each layer takes a Send and gives a Send, so each does one thing and knows no other.

`stack(send, outermost, ..., innermost)` puts them together. The usual order, from the caller to the wire:

    coalesced   identical reads at the same time share one answer
    laned       one write at a time per LoadBalancerId, VPC, ...
    retried     a lost connection, where repeating is safe
    throttled   waits for its turn; tells the limits when the cloud says "too fast"
    metered     counts and durations
    logged      one line per call that really went out
"""

import asyncio
import logging
import random
from collections.abc import Callable
from typing import Protocol

from yunqiao.cloud.codes import Throttled
from yunqiao.model.clock import Clock
from yunqiao.model.errors import Lost, Trouble
from yunqiao.model.step import Call, Reply, Send

Layer = Callable[[Send], Send]

ATTEMPTS = 3
PAUSE = 0.2
"""Tries per call, and the longest pause (seconds) before the second; each further one may be twice as long."""


class Turns(Protocol):
    """What throttled() needs of engine/limits.py."""

    async def turn(self, product: str, action: str, priority: int) -> None:
        """Come back when a call of `action` may go."""
        ...

    def slow(self, product: str, action: str, after: float | None = None) -> None:
        """The cloud throttled `action`."""
        ...


def stack(send: Send, *layers: Layer) -> Send:
    """Put `layers` around `send`, the first outermost."""
    for layer in reversed(layers):
        send = layer(send)
    return send


def is_read(call: Call) -> bool:
    """Tell whether a call changes nothing."""
    return not call.write and call.action.startswith(("Describe", "List", "Get"))


def repeatable(call: Call) -> bool:
    """Tell whether a call may be sent twice: reads, and what carries a ClientToken (CreateLoadBalancer, all of NLB).

    CreateVServerGroup and Create*Listener have no token: who sent them looks again instead.
    """
    return is_read(call) or "ClientToken" in call.params


def retried(clock: Clock, attempts: int = ATTEMPTS, jitter: Callable[[], float] = random.random) -> Layer:
    """Repeat a lost call where that is safe, after a random pause; otherwise Lost goes to the caller."""

    def layer(send: Send) -> Send:
        async def repeat(call: Call) -> Reply:
            pause = PAUSE
            for _ in range(attempts - 1 if repeatable(call) else 0):
                try:
                    return await send(call)
                except Lost:
                    await clock.sleep(pause * jitter())
                    pause *= 2
            return await send(call)

        return repeat

    return layer


def throttled(limits: Turns, priority: Callable[[Call], int]) -> Layer:
    """Wait for the call's turn; a background look uses a stack of its own, with a lower priority."""

    def layer(send: Send) -> Send:
        async def pace(call: Call) -> Reply:
            await limits.turn(call.product, call.action, priority(call))
            try:
                return await send(call)
            except Throttled as trouble:
                limits.slow(call.product, call.action, trouble.after)
                raise

        return pace

    return layer


def logged(log: logging.Logger, clock: Clock) -> Layer:
    """One line per call: action, why, how long, what came of it, RequestId. Parameters are only in the debug log."""

    def layer(send: Send) -> Send:
        async def tell(call: Call) -> Reply:
            begun = clock.now()
            result, level = "", logging.WARNING
            try:
                reply = await send(call)
                result, level = f"ok (RequestId {reply.get('RequestId', 'none')})", logging.INFO
            except Trouble as trouble:
                result = f"{type(trouble).__name__}: {trouble}"
                raise
            except BaseException as error:  # a bug or a cancellation: named here, told in full by who catches it
                result = type(error).__name__
                raise
            finally:
                took = (clock.now() - begun) * 1000
                log.log(level, "%s (%s) %.0f ms %s", call.action, call.why, took, result)
                log.debug("%s %s", call.action, dict(call.params))
            return reply

        return tell

    return layer


def laned() -> Layer:
    """One write in flight per lane; lanes side by side. Reads, and writes without a lane, pass."""
    lanes: dict[str, asyncio.Lock] = {}
    users: dict[str, int] = {}

    def layer(send: Send) -> Send:
        async def queue(call: Call) -> Reply:
            if not call.lane or is_read(call):
                return await send(call)
            users[call.lane] = users.get(call.lane, 0) + 1
            try:
                async with lanes.setdefault(call.lane, asyncio.Lock()):
                    return await send(call)
            finally:
                users[call.lane] -= 1
                if not users[call.lane]:
                    del users[call.lane], lanes[call.lane]

        return queue

    return layer


def dry_run(instead: Callable[[Call], Reply]) -> Layer:
    """Let reads through and give `instead` each write, whose answer the caller gets."""

    def layer(send: Send) -> Send:
        async def pretend(call: Call) -> Reply:
            return await send(call) if is_read(call) else instead(call)

        return pretend

    return layer


def recorded(calls: list[Call]) -> Layer:
    """Append every call to `calls` before it is sent."""

    def layer(send: Send) -> Send:
        async def record(call: Call) -> Reply:
            calls.append(call)
            return await send(call)

        return record

    return layer
