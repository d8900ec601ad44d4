"""The story of Services, a turn at a time; a Service's key is `namespace/name`."""

from yunqiao.controllers.services.identity import has_finalizer, is_going
from yunqiao.controllers.services.site import Site
from yunqiao.controllers.services.turn import Turn
from yunqiao.model.errors import Refused, Trouble


class Services:
    """The story."""

    def __init__(self, site: Site) -> None:
        self.site = site

    async def reconcile(self, key: str) -> float | None:
        """Bring one Service's cloud things to where they should be; seconds until it should be looked at again."""
        snapshot = self.site.snapshot(key)
        if snapshot is None:
            self.site.memory.forget(key)
            return None
        service = snapshot.service
        turn = Turn(self.site, snapshot, self.site.memory.of(key, service.metadata.uid))
        if is_going(service) and not has_finalizer(service):
            await turn.fall_silent()
            return None
        try:
            return await (turn.clean() if is_going(service) else turn.ensure())
        except Refused as refusal:
            await turn.complain((str(refusal),))
            if turn.due is None:
                raise
            self.report(key, refusal)
            return turn.due
        finally:
            for other in turn.freed():
                self.site.memory.drop(other)
                self.site.wake(other)

    def report(self, key: str, trouble: Trouble) -> None:
        """Tell the Service's owner what went wrong."""
        snapshot = self.site.snapshot(key)
        if snapshot is not None:
            going = is_going(snapshot.service)
            reason = "CleanLoadBalancerFailed" if going else "SyncLoadBalancerFailed"
            self.site.tell(snapshot.service, "Warning", reason, str(trouble))
