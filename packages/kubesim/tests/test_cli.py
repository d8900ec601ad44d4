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
