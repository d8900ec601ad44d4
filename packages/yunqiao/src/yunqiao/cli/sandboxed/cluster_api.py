"""The few things that the demo does to the cluster, over plain HTTP: apply, get, scale, taint, delete."""

import base64
import json
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import yaml

PATHS = {
    "Service": "/api/v1/namespaces/{}/services",
    "Deployment": "/apis/apps/v1/namespaces/{}/deployments",
    "Pod": "/api/v1/namespaces/{}/pods",
    "Node": "/api/v1/nodes",
}
APPLY = "application/apply-patch+yaml"
MERGE = "application/merge-patch+json"


class ClusterApi:
    """Objects are plain dicts; any answer but a good one raises aiohttp.ClientResponseError."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self._session = session

    async def apply(self, thing: dict[str, Any]) -> Any:
        """Server-side apply."""
        meta = thing["metadata"]
        url = f"{_url(thing['kind'], meta['namespace'], meta['name'])}?fieldManager=demo&force=true"
        return await self._ask("PATCH", url, data=yaml.safe_dump(thing), headers={"Content-Type": APPLY})

    async def get(self, kind: str, namespace: str, name: str) -> Any:
        """One object; None when it is not there."""
        try:
            return await self._ask("GET", _url(kind, namespace, name))
        except aiohttp.ClientResponseError as error:
            if error.status == 404:
                return None
            raise

    async def list(self, kind: str, namespace: str = "") -> Any:
        """All objects of a kind in a namespace; Nodes are in none."""
        return (await self._ask("GET", _url(kind, namespace)))["items"]

    async def ready_pods(self, namespace: str) -> dict[str, str]:
        """Names and addresses of the pods that are ready and not on their way out."""
        pods = await self._ask("GET", _url("Pod", namespace))
        return {
            pod["metadata"]["name"]: pod["status"]["podIP"]
            for pod in pods["items"]
            if "deletionTimestamp" not in pod["metadata"]
            and any(one["type"] == "Ready" and one["status"] == "True" for one in pod["status"].get("conditions", []))
        }

    async def scale(self, namespace: str, name: str, replicas: int) -> None:
        """Set the number of a Deployment's replicas."""
        body = f'{{"spec": {{"replicas": {replicas}}}}}'
        await self._ask("PATCH", _url("Deployment", namespace, name), data=body, headers={"Content-Type": MERGE})

    async def taint(self, node: str, key: str, effect: str) -> None:
        """Give a node that taint and no other."""
        body = json.dumps({"spec": {"taints": [{"key": key, "effect": effect}]}})
        await self._ask("PATCH", _url("Node", "", node), data=body, headers={"Content-Type": MERGE})

    async def delete(self, kind: str, namespace: str, name: str) -> None:
        """Delete an object; its finalizers are waited for by whoever asks `get`."""
        await self._ask("DELETE", _url(kind, namespace, name))

    async def _ask(self, method: str, url: str, **more: Any) -> Any:
        async with self._session.request(method, url, **more) as response:
            return await response.json()


def _url(kind: str, namespace: str, name: str = "") -> str:
    return PATHS[kind].format(namespace) + (f"/{name}" if name else "")


@asynccontextmanager
async def cluster_api(kubeconfig: str) -> AsyncIterator[ClusterApi]:
    """Reach the sandbox's cluster as the text of its kubeconfig says."""
    config = yaml.safe_load(kubeconfig)
    cluster, user = config["clusters"][0]["cluster"], config["users"][0]["user"]
    authority = base64.b64decode(cluster["certificate-authority-data"]).decode()
    connector = aiohttp.TCPConnector(ssl=ssl.create_default_context(cadata=authority))
    headers = {"Authorization": f"Bearer {user['token']}"}
    async with aiohttp.ClientSession(
        cluster["server"], connector=connector, headers=headers, raise_for_status=True
    ) as session:
        yield ClusterApi(session)
