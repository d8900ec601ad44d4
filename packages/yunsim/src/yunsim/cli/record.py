"""`yunsim record`: stand between a client and the real cloud, and write down what is asked and answered."""

import argparse
import asyncio
import os
import sys
from collections.abc import Mapping
from pathlib import Path

import aiohttp
from aiohttp import web

from yunsim.cli.stopping import stopped
from yunsim.cli.values import Commands, address
from yunsim.dispatch import PRODUCTS
from yunsim.recording.forwarding import Recorder
from yunsim.recording.tape import Tape
from yunsim.signature import AccessKey

_SECONDS = 60.0
"""How long the cloud may take for an answer."""


def add(commands: Commands) -> None:
    """Declare the command."""
    parser = commands.add_parser("record", help="pass calls on to the real cloud and write them down, redacted")
    parser.add_argument(
        "--listen", type=address, default=("127.0.0.1", 8481), metavar="HOST:PORT", help="where clients are pointed at"
    )
    parser.add_argument("--to", type=Path, required=True, metavar="DIR", help="where the recording goes")
    parser.add_argument(
        "--endpoint",
        type=endpoint,
        action="append",
        default=[],
        metavar="PRODUCT=HOST",
        help="slb=slb.cn-hangzhou.aliyuncs.com, or a URL (default: the product's endpoint of the call's region)",
    )
    parser.add_argument("--region", default="cn-hangzhou", help="of calls that name none (default: cn-hangzhou)")
    parser.set_defaults(run=run)


def endpoint(text: str) -> tuple[str, str]:
    """Read PRODUCT=HOST or PRODUCT=URL, as product and URL."""
    product, _, host = text.partition("=")
    if product not in PRODUCTS or not host:
        example = "write slb=slb.cn-hangzhou.aliyuncs.com"
        raise argparse.ArgumentTypeError(f"{text!r} is not PRODUCT=HOST with one of {', '.join(PRODUCTS)}; {example}")
    return product, host if "://" in host else f"https://{host}"


def owners_key(environment: Mapping[str, str]) -> AccessKey | None:
    """Return the key in the environment, by the names that the cloud's own tools use, if there is one."""
    key_id, secret = (environment.get(f"ALIBABA_CLOUD_ACCESS_KEY_{part}", "") for part in ("ID", "SECRET"))
    token = environment.get("ALIBABA_CLOUD_SECURITY_TOKEN", "")
    return AccessKey(key_id, secret, token) if key_id and secret else None


def run(options: argparse.Namespace) -> int:
    """Record until stopped; 1 when the address or the directory cannot be had."""
    try:
        asyncio.run(_record(options))
    except OSError as error:
        host, port = options.listen
        sys.stderr.write(f"yunsim: cannot record at {host}:{port} into {options.to}: {error.strerror}\n")
        return 1
    return 0


async def _record(options: argparse.Namespace) -> None:
    tape, until_stopped = Tape(options.to), stopped()
    limit = aiohttp.ClientTimeout(total=_SECONDS)
    async with aiohttp.ClientSession(timeout=limit, trust_env=True) as session:
        recorder = Recorder(session, tape, dict(options.endpoint), options.region, owners_key(os.environ))
        runner = web.AppRunner(recorder.application(), access_log=None, shutdown_timeout=2.0)
        await runner.setup()
        try:
            await web.TCPSite(runner, *options.listen).start()
            host, port = options.listen[0], runner.addresses[0][1]
            sys.stdout.write(f"yunsim recording on http://{host}:{port} into {options.to}\n")
            sys.stdout.flush()
            await until_stopped
        finally:
            await runner.cleanup()
    sys.stdout.write(f"{tape.last} exchanges in {options.to}\n")
