"""How fast we may ask the API server: --kube-api-qps requests a second, with bursts of --kube-api-burst."""

from yunqiao.model.clock import Clock


class RateLimit:
    """A token bucket that is first come, first served; `qps` of zero or less sets no limit."""

    def __init__(self, clock: Clock, qps: float = 20.0, burst: int = 30) -> None:
        self._clock, self._qps, self._burst = clock, qps, float(max(burst, 1))
        self._tokens, self._at = self._burst, clock.now()

    async def wait(self) -> None:
        """Come back when one more request may go out."""
        if self._qps <= 0:
            return
        now = self._clock.now()
        self._tokens = min(self._burst, self._tokens + (now - self._at) * self._qps) - 1.0
        self._at = now
        if self._tokens < 0:
            await self._clock.sleep(-self._tokens / self._qps)
