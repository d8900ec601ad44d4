"""What somebody does in a sandbox: apply the walkthrough's manifests, look, and ask each pod; prints all as JSON.

Run as `python playing.py NET CLOUD KUBECONFIG`, inside the sandbox's network.
"""

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import yaml

from yunqiao.cli.demo import manifest
from yunqiao.cli.sandboxed.cluster_api import cluster_api
from yunqiao.cli.sandboxed.listeners import cloud_state, listeners_of
from yunqiao.cli.sandboxed.traffic import Tally, send


async def play(net: str, cloud: str, kubeconfig: Path) -> dict[str, Any]:
    async with asyncio.timeout(30), cluster_api(kubeconfig.read_text()) as api:
        for thing in yaml.safe_load_all(manifest()):
            await api.apply(thing)
        listener = await until(lambda: listening(cloud))
        pods = await until(lambda: api.ready_pods("default"))
    answers = {pod: await ask(address) for pod, address in pods.items()} if net == "private" else {}
    return {"address": listener.address, "port": listener.port, "really": listener.really, "answers": answers}


async def ask(address: str) -> list[str]:
    tally = Tally()
    await send(address, 80, 1, tally)
    return list(tally.pods)


async def listening(cloud: str) -> Any:
    return next((one for one in listeners_of(await cloud_state(cloud)) if one.really), None)


async def until(look: Callable[[], Awaitable[Any]]) -> Any:
    while not (found := await look()):
        await asyncio.sleep(0.05)
    return found


if __name__ == "__main__":
    print(json.dumps(asyncio.run(play(sys.argv[1], sys.argv[2], Path(sys.argv[3])))))
