"""The journal of requests: who asked what, how often, and what came of it. Read it at GET /_kubesim/requests."""

from collections import Counter, deque
from dataclasses import dataclass, field

from kubesim.objects import Object

KEPT = 10_000


@dataclass(slots=True)
class Journal:
    """The latest requests, and counters over all of them. Headers and bodies are not kept: they hold secrets."""

    entries: deque[Object] = field(default_factory=lambda: deque(maxlen=KEPT))
    methods: Counter[str] = field(default_factory=Counter)
    codes: Counter[str] = field(default_factory=Counter)

    def note(self, method: str, path: str, user_agent: str, code: int, seconds: float) -> None:
        """Add a request that was answered (code 0: cut off before an answer)."""
        entry = {"method": method, "path": path, "userAgent": user_agent, "code": code, "seconds": round(seconds, 6)}
        self.entries.append(entry)
        self.methods[method] += 1
        self.codes[str(code)] += 1

    def body(self) -> Object:
        """As the control API shows it."""
        counts = {"methods": dict(self.methods), "codes": dict(self.codes)}
        return {"count": self.methods.total()} | counts | {"requests": list(self.entries)}

    def clear(self) -> None:
        """Forget everything."""
        self.entries.clear()
        self.methods.clear()
        self.codes.clear()
