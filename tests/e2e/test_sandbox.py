"""`yunqiao sandbox`: prints how to use it, what it prints is true, and it stops without leaving anything."""

import asyncio
import json
import os
import re
import signal
import sys
import urllib.request
from pathlib import Path

import pytest
from aliyunsdkcore.client import AcsClient
from aliyunsdkcore.request import CommonRequest

YUNQIAO = str(Path(sys.executable).with_name("yunqiao"))


async def told(process):
    """What it prints until it is complete."""
    lines = []
    async with asyncio.timeout(20):
        while not lines or "Ctrl-C" not in lines[-1]:
            lines.append((await process.stdout.readline()).decode())
    return "".join(lines)


def processes_of(folder):
    """The command lines of running processes that name the folder."""
    found = []
    for one in Path("/proc").iterdir():
        if one.name.isdigit() and int(one.name) != os.getpid():
            try:
                line = (one / "cmdline").read_bytes().decode(errors="replace")
            except OSError:
                continue
            found += [line] if folder in line else []
    return found


def sdk_call(text):
    """List load balancers with the keys and the endpoint that were printed."""
    given = dict(re.findall(r"(\w+)='(.+?)'", text))
    request = CommonRequest(given["endpoint"], "2014-05-15", "DescribeLoadBalancers")
    request.set_protocol_type("http")
    request.set_method("POST")
    client = AcsClient(given["access_key_id"], given["access_key_secret"], given["region_id"])
    return json.loads(client.do_action_with_exception(request))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_the_sandbox_keeps_its_promises_and_stops_leaving_no_process_and_no_folder(number):
    process = await asyncio.create_subprocess_exec(YUNQIAO, "sandbox", stdout=asyncio.subprocess.PIPE)
    try:
        text = await told(process)
        kubeconfig = Path(re.search(r"KUBECONFIG=(\S+)", text)[1])
        folder = kubeconfig.parent
        assert kubeconfig.exists()
        assert len(processes_of(str(folder))) == 3
        assert (await asyncio.to_thread(sdk_call, text))["TotalCount"] == 0
        for url in re.findall(r"curl (http://127\S+/_yunsim/\S+)", text):
            assert json.loads(await asyncio.to_thread(lambda url=url: urllib.request.urlopen(url, timeout=5).read()))
        assert len(re.findall(r"curl http://127", text)) == 2
    finally:
        process.send_signal(number)
        rest, _ = await asyncio.wait_for(process.communicate(), 15)
    assert process.returncode == 0
    assert "Stopping" in rest.decode()
    assert not folder.exists()
    assert processes_of(str(folder)) == []
