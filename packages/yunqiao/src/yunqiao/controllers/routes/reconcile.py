"""The story of routes, told for all nodes of the cluster together: one table holds them all, one write at a time.

So the queue has one key. A turn with nothing to do costs no call, and one look at each table a period.
"""

from collections.abc import Iterable

from yunqiao.controllers.routes.claims import claim_of
from yunqiao.controllers.routes.publish import unavailable
from yunqiao.controllers.routes.site import Site
from yunqiao.controllers.routes.triggers import concerns
from yunqiao.controllers.routes.turn import Turn
from yunqiao.engine.figures import Figure
from yunqiao.model.cluster import Node
from yunqiao.model.errors import Lost, Refused, Trouble, brief

KEY = "routes"


class Routes:
    """The story."""

    def __init__(self, site: Site) -> None:
        self._site = site

    def noticed(self, old: Node | None, new: Node | None) -> bool:
        """Whether a change of a node is a reason to look at routes: that it was told so by us is none."""
        if new is None:
            self._site.known.said.pop(old.metadata.name if old else "", None)
            return True
        if concerns(old) != concerns(new):
            return True
        status = unavailable(new).status
        changed = old is not None and unavailable(old).status != status
        return changed and self._site.known.said.get(new.metadata.name) != status

    async def reconcile(self, _key: str) -> float | None:
        """Bring the tables to where they should be and tell the nodes; seconds until they are looked at again.

        Raises Refused, NotYet, Stale, Lost, after everything was done and told that could be.
        """
        turn = Turn(self._site)
        try:
            return await turn.work()
        except Refused as refusal:
            await turn.complain(brief(refusal))
            raise

    def report(self, _key: str, trouble: Trouble) -> None:
        """Tell the nodes that wait what went wrong; what passes by itself is told by their condition."""
        if isinstance(trouble, Lost):
            return
        for node in self._site.nodes():
            if unavailable(node).status == "True" and claim_of(node, self._site.rules.region):
                self._site.tell(node, "Warning", "SyncRouteFailed", brief(trouble))

    def figures(self) -> Iterable[Figure]:
        """How full the tables are, and how many nodes wait."""
        return self._site.filling.figures()
