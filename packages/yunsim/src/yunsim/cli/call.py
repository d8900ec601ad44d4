"""`yunsim call`: one signed call from a shell, for what one would do in the cloud's console."""

import argparse
import asyncio
import json
import os
import sys

import aiohttp

from yunsim import worldfile
from yunsim.cli.record import owners_key
from yunsim.cli.values import Commands
from yunsim.dispatch import PRODUCTS
from yunsim.recording.asking import over_http
from yunsim.signature import AccessKey

_EXAMPLE = """example:
  yunsim call slb CreateLoadBalancer LoadBalancerName=shop InstanceChargeType=PayByCLCU
  yunsim call --at http://127.0.0.1:8480 slb DescribeLoadBalancers

The key is that of ALIBABA_CLOUD_ACCESS_KEY_ID and ALIBABA_CLOUD_ACCESS_KEY_SECRET, else the default world's.
"""


def add(commands: Commands) -> None:
    """Declare the command."""
    parser = commands.add_parser("call", help="make one signed call and print its answer")
    parser.epilog, parser.formatter_class = _EXAMPLE, argparse.RawDescriptionHelpFormatter
    parser.add_argument("--at", metavar="URL", default="http://127.0.0.1:8480", help="where yunsim listens")
    parser.add_argument("--region", default="cn-hangzhou", help="the region (default cn-hangzhou)")
    parser.add_argument("product", choices=sorted(PRODUCTS), help="whose action it is")
    parser.add_argument("action", metavar="ACTION", help="such as CreateLoadBalancer")
    parser.add_argument("parameters", nargs="*", type=_parameter, metavar="NAME=VALUE", help="its parameters")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Print the answer; 0 when it is a success, 1 when it is an error or nobody answers."""
    try:
        status, answer = asyncio.run(_call(options))
    except (aiohttp.ClientError, ValueError) as error:
        sys.stderr.write(f"yunsim: {options.at} does not answer as a yunsim does: {error}\n")
        return 1
    (sys.stdout if status < 400 else sys.stderr).write(json.dumps(answer, indent=1, ensure_ascii=False) + "\n")
    return 0 if status < 400 else 1


async def _call(options: argparse.Namespace) -> tuple[int, object]:
    default = worldfile.load(None).keys[0]
    key = owners_key(os.environ) or AccessKey(default.id, default.secret)
    async with aiohttp.ClientSession() as session:
        ask = over_http(session, options.at, key)
        return await ask(options.product, options.action, {"RegionId": options.region, **dict(options.parameters)})


def _parameter(text: str) -> tuple[str, str]:
    name, sign, value = text.partition("=")
    if not name or not sign:
        raise argparse.ArgumentTypeError(f'"{text}" is not NAME=VALUE, such as LoadBalancerName=shop')
    return name, value
