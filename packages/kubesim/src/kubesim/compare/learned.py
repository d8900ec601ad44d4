"""What one server chose freely and another chose otherwise: uids, versions, addresses, ports, generated names.

A replay learns the pairs from the answers, so that later requests and messages can speak of the replaying server's
values.
"""

import re
from dataclasses import dataclass, field
from typing import Any

CHOSEN = frozenset(
    {
        "uid", "resourceVersion", "creationTimestamp", "deletionTimestamp", "time", "continue", "nodePort",
        "healthCheckNodePort", "clusterIP", "lastTransitionTime", "lastHeartbeatTime",
    }
)  # fmt: skip
"""Members whose values the server chooses."""
_VOLATILE = re.compile(r"(?<=current: )\d+|(?<=version: 1 \()\d+|(?<!\w)\d+[smhd](\d+[smhd])?(?!\w)")
"""Parts of texts that differ from run to run: revisions and ages."""


@dataclass(slots=True)
class Learned:
    """Pairs of (recorded value, value here)."""

    texts: dict[str, str] = field(default_factory=dict)
    numbers: dict[int, int] = field(default_factory=dict)

    def note(self, recorded: Any, here: Any) -> None:
        """Remember that one stands for the other."""
        if isinstance(recorded, str) and isinstance(here, str) and len(recorded) > 3:
            self.texts[recorded] = here
        elif isinstance(recorded, int) and isinstance(here, int):
            self.numbers[recorded] = here
            self.texts[str(recorded)] = str(here)

    def translated(self, value: Any, name: str = "") -> Any:
        """A recorded value in the words of the replaying server."""
        if isinstance(value, dict):
            return {key: self.translated(member, key) for key, member in value.items()}
        if isinstance(value, list):
            return [self.translated(item, name) for item in value]
        if isinstance(value, int):
            return self.numbers.get(value, value) if name in CHOSEN else value
        return self.text(value) if isinstance(value, str) else value

    def text(self, text: str) -> str:
        """The same for a text that may hold chosen values anywhere."""
        if text in self.texts:
            return self.texts[text]
        for recorded, here in self.texts.items():
            text = text.replace(recorded, here) if len(recorded) > 4 else text
        return text


def steady(text: str) -> str:
    """A text without what differs from run to run."""
    return _VOLATILE.sub("#", text)
