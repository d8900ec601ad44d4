"""What the chapters of the demo share: the sandbox they play in, and the facts that were true or not."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from importlib.resources import files
from typing import Any

from yunqiao.cli.sandboxed.cluster_api import ClusterApi
from yunqiao.cli.sandboxed.sandbox import Sandbox
from yunqiao.cli.sandboxed.telling import CallsTold, Teller

NAMESPACE = "default"
PATIENCE = 30.0
"""Seconds for anything to become true."""
EVERY = 0.05


class NotTrue(Exception):
    """Something that the demo was to show did not happen in time."""


@dataclass(slots=True)
class Story:
    """Everything that the chapters share."""

    box: Sandbox
    api: ClusterApi
    teller: Teller
    calls: CallsTold
    facts: dict[str, bool] = field(default_factory=dict)

    @property
    def true(self) -> bool:
        """Whether everything was."""
        return all(self.facts.values())

    def fact(self, text: str, true: bool) -> None:
        """Note whether something was true, and say so."""
        self.facts[text] = true
        self.teller.verdict(true, text)

    async def until(self, what: str, check: Callable[[], Awaitable[Any]]) -> Any:
        """Wait for something to become true, telling the cloud calls meanwhile."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            found = await check()
            self.calls.tell()
            if found:
                return found
            await asyncio.sleep(EVERY)
        raise NotTrue(f"{what} did not happen within {PATIENCE:.0f} s; the controller's log ends:\n{self.tail()}")

    def tail(self) -> str:
        """The end of the controller's log."""
        return self.box.controller.tail()


def manifest() -> str:
    """The walkthrough's Deployment and Service."""
    return files("yunqiao.cli.sandboxed").joinpath("nginx.yaml").read_text(encoding="utf-8")
