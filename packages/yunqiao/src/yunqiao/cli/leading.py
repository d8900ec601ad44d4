"""What the leader does: reaches the cloud and lets its controllers work side by side until it is stopped."""

import asyncio

from yunqiao.cli.controllers import CONTROLLERS, Footing
from yunqiao.cli.probes import Probes
from yunqiao.cli.reaching import reach
from yunqiao.cli.watching import Watching
from yunqiao.kube.client import Client
from yunqiao.settings import Settings


async def lead(
    settings: Settings, client: Client, events: Client, watching: Watching, probes: Probes, *, after_ours: bool
) -> None:
    """Work until cancelled; `after_ours` says that nobody but a yunqiao led before us.

    Raises Refused when something is missing that only the user can give.
    """
    async with reach(settings, client, watching.clock, probes.calls) as cloud, asyncio.TaskGroup() as tasks:
        footing = Footing(settings, client, events, watching, cloud, probes.figures.append, after_ours)
        for name, controller in CONTROLLERS.items():
            if name in settings.controllers:
                tasks.create_task(controller(footing), name=name)
