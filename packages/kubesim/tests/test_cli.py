"""The command: it says where it listens, writes a kubeconfig only its owner reads, and stops when told."""

import asyncio
import base64
import signal
import ssl
import stat
import sys

import aiohttp
import pytest
import yaml

from kubesim.cli import main


async def test_serve_announces_itself_serves_tls_and_stops_cleanly(tmp_path):
    path = tmp_path / "kubeconfig"
    arguments = ("serve", "--listen", "127.0.0.1:0", "--no-nodes", "--write-kubeconfig", str(path))
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "kubesim", *arguments, stdout=asyncio.subprocess.PIPE
    )
    try:
        async with asyncio.timeout(20):
            line = (await process.stdout.readline()).decode().strip()
            config = yaml.safe_load(path.read_text())
            cluster, user = config["clusters"][0]["cluster"], config["users"][0]["user"]
            assert line == f"kubesim listening on {cluster['server']}"
            assert stat.S_IMODE(path.stat().st_mode) == 0o600
            context = ssl.create_default_context(cadata=_authority(cluster))
            headers = {"Authorization": f"Bearer {user['token']}"}
            async with (
                aiohttp.ClientSession(cluster["server"], headers=headers) as session,
                session.get("/version", ssl=context) as response,
            ):
                assert (await response.json())["minor"] == "36"
            process.send_signal(signal.SIGTERM)
            assert await process.wait() == 0
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


def _authority(cluster):
    return base64.b64decode(cluster["certificate-authority-data"]).decode()


@pytest.mark.parametrize("address", ["8080", "127.0.0.1:x", "127.0.0.1:99999"])
def test_an_address_that_is_none_is_refused(address, capsys):
    with pytest.raises(SystemExit):
        main(["serve", "--listen", address])
    assert "write HOST:PORT" in capsys.readouterr().err


@pytest.mark.parametrize("option", ["--nodes", "--write-kubeconfig"])
def test_a_file_that_cannot_be_used_is_named(option, capsys):
    with pytest.raises(SystemExit) as stopped:
        main(["serve", option, "/no/such/folder/file"])
    assert "/no/such/folder" in str(stopped.value)


async def test_serve_stops_at_once_while_somebody_watches():
    arguments = ("serve", "--no-nodes", "--insecure-http", "--token", "a-token")
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "kubesim", *arguments, stdout=asyncio.subprocess.PIPE
    )
    try:
        async with asyncio.timeout(20):
            url = (await process.stdout.readline()).decode().split()[-1]
            headers = {"Authorization": "Bearer a-token"}
            async with (
                aiohttp.ClientSession(url, headers=headers) as session,
                session.get("/api/v1/services?watch=1") as response,
            ):
                assert await response.content.readline()
                process.send_signal(signal.SIGTERM)
                assert await asyncio.wait_for(process.wait(), 5) == 0
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
