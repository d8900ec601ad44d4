"""Packets between nodes, where every node is a network namespace: who asks whom, and what the kernel's routes say."""

import asyncio
import json
import os
import shutil
import socket
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from yunqiao.cli.sandboxed import kernel
from yunqiao.cli.sandboxed.places import KEY_ID, KEY_SECRET, NAMESPACES, VPC
from yunqiao.cli.sandboxed.programs import NotStarted
from yunqiao.cli.sandboxed.traffic import REQUEST

NAMES = Path("/run/netns")
ANSWER_SECONDS = 1.0
ROUTE_PROTOCOL = "100"
"""What yunsim's routers mark entries of a route table with."""


@dataclass(frozen=True, slots=True)
class Spot:
    """A pod: its name, its address, and its node's name and instance."""

    pod: str
    address: str
    node: str
    instance: str

    def __str__(self) -> str:
        return f"{self.pod} ({self.address} on {self.node})"


def spots(pods: Iterable[Mapping[str, Any]], nodes: Iterable[Mapping[str, Any]]) -> list[Spot]:
    """The pods that are ready, one of each node that has any."""
    instances = {node["metadata"]["name"]: node["spec"].get("providerID", "").rpartition(".")[2] for node in nodes}
    found = {}
    for pod in pods:
        node = pod["spec"].get("nodeName", "")
        ready = any(one["type"] == "Ready" and one["status"] == "True" for one in pod["status"].get("conditions", ()))
        if ready and "deletionTimestamp" not in pod["metadata"]:
            found[node] = Spot(pod["metadata"]["name"], pod["status"]["podIP"], node, instances[node])
    return [found[node] for node in sorted(found)]


async def ask(asking: Spot, asked: Spot, port: int = 80) -> str:
    """Which pod answers a request from one pod to another's address; "" when nobody does."""
    try:
        async with asyncio.timeout(ANSWER_SECONDS):
            return await _answer(asking, asked, port)
    except (OSError, TimeoutError):
        return ""


async def _answer(asking: Spot, asked: Spot, port: int) -> str:
    with kernel.inside(NAMES / f"{NAMESPACES}{asking.instance}"):
        sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    with sock:
        sock.setblocking(False)
        sock.bind((asking.address, 0))
        loop = asyncio.get_running_loop()
        await loop.sock_connect(sock, (asked.address, port))
        await loop.sock_sendall(sock, REQUEST)
        answer = b""
        while chunk := await loop.sock_recv(sock, 4096):
            answer += chunk
    _, _, body = answer.decode(errors="replace").partition("\r\n\r\n")
    return body.split()[0] if body.split() else ""


async def kernel_routes() -> dict[str, str]:
    """The routes that the VPC's router has beside its own subnets: each destination, and the address it leads to.

    Raises NotStarted when `ip` cannot tell.
    """
    process = await asyncio.create_subprocess_exec(
        shutil.which("ip", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin") or "ip",
        "-json", "-n", f"{NAMESPACES}{VPC}", "route", "show", "table", "all", "proto", ROUTE_PROTOCOL,
        stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    out, said = await process.communicate()
    if process.returncode:
        raise NotStarted(f"ip cannot tell the routes of the VPC: {said.decode(errors='replace')}")
    return {route["dst"]: route.get("gateway", "") for route in json.loads(out or b"[]")}


def table_routes(state: Mapping[str, Any]) -> dict[str, str]:
    """The Custom entries that the simulated cloud holds: each destination, and its instance's address."""
    addresses = {one["id"]: one["interfaces"][0]["private_ips"][0] for one in state["ecs"]["instances"].values()}
    tables = state["vpc"]["route_tables"].values()
    entries = [entry for table in tables for entry in table["entries"].values() if entry["type"] == "Custom"]
    return {entry["destination"]: addresses.get(entry["next_hop_id"], "") for entry in entries}


async def call(cloud: str, product: str, action: str, **parameters: str) -> None:
    """Do what one would do in the cloud's console. Raises NotStarted when the cloud refuses."""
    keys = {"ALIBABA_CLOUD_ACCESS_KEY_ID": KEY_ID, "ALIBABA_CLOUD_ACCESS_KEY_SECRET": KEY_SECRET}
    process = await asyncio.create_subprocess_exec(
        str(Path(sys.executable).with_name("yunsim")), "call", "--at", cloud, product, action,
        *(f"{name}={value}" for name, value in parameters.items()),
        stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE,
        env={**os.environ, **keys},
    )  # fmt: skip
    _, said = await process.communicate()
    if process.returncode:
        raise NotStarted(f"{action} was refused: {said.decode(errors='replace')}")
