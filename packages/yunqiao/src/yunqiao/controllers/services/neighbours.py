"""Services that share a balancer: the one that waits for a port there is woken when somebody frees it."""

from dataclasses import dataclass, field


@dataclass(slots=True)
class Neighbours:
    """Which Services (by queue key) wait for which balancer (by id)."""

    waiting: dict[str, str] = field(default_factory=dict)

    def waits(self, key: str, balancer_id: str) -> None:
        """Somebody holds what this Service wants there."""
        self.waiting[key] = balancer_id

    def content(self, key: str) -> None:
        """This Service has all it wants, or wants nothing more."""
        self.waiting.pop(key, None)

    def freed(self, balancer_id: str, by: str) -> set[str]:
        """Something was taken away there by one of them: the others who waited for it, who then wait no longer."""
        woken = {key for key, one in self.waiting.items() if one == balancer_id and key != by}
        for key in woken:
            del self.waiting[key]
        return woken
