"""A cloud that stands for the real one, a recorder before it, and clients of both protocols."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from yunsim import worldfile
from yunsim.recording.forwarding import Recorder
from yunsim.recording.tape import Exchange, Tape, exchanges
from yunsim.serving import Server, serving

ELSEWHERE = """
region: cn-beijing
account: "4444555566667777"
zones: [cn-beijing-k, cn-beijing-l]
keys: [{id: LTAI5tOwnersKey, secret: the-owners-secret}, {id: LTAI5tClientsKey, secret: the-clients-secret}]
vpcs: [{id: vpc-2zeother, cidr: 192.168.0.0/16, name: yunsim}]
vswitches:
  - {id: vsw-2zeone, vpc: vpc-2zeother, zone: cn-beijing-k, cidr: 192.168.0.0/20, name: nodes-h}
  - {id: vsw-2zetwo, vpc: vpc-2zeother, zone: cn-beijing-l, cidr: 192.168.16.0/20, name: nodes-i}
instances:
  - {id: i-2zefirst, vswitch: vsw-2zeone, ip: 192.168.0.10, hostname: a, eni: {id: eni-2zefirst}}
  - {id: i-2zesecond, vswitch: vsw-2zeone, ip: 192.168.0.11, hostname: b, eni: {id: eni-2zesecond}}
metadata_instance: i-2zefirst
"""


@dataclass
class Session:
    """A recording in the making; `post` sends a signed request to the recorder."""

    url: str
    http: aiohttp.ClientSession
    cloud: Server
    recorder: Recorder
    directory: Path
    file: worldfile.WorldFile

    async def post(self, request: Any) -> tuple[int, Any]:
        headers = {name: value for name, value in request.headers.items() if name != "host"}
        async with self.http.post(self.url + request.target, headers=headers, data=request.body or None) as response:
            return response.status, await response.json()

    def recorded(self) -> list[Exchange]:
        return exchanges(self.directory)


@pytest.fixture
async def session(tmp_path: Path) -> AsyncIterator[Session]:
    file = worldfile.parse(ELSEWHERE)
    async with serving(file, "127.0.0.1", 0) as cloud, aiohttp.ClientSession() as http:
        endpoints = dict.fromkeys(("slb", "ecs", "vpc", "sts"), cloud.url)
        recorder = Recorder(http, Tape(tmp_path), endpoints, file.region)
        runner = web.AppRunner(recorder.application(), access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield Session(f"http://127.0.0.1:{runner.addresses[0][1]}", http, cloud, recorder, tmp_path, file)
        await runner.cleanup()
