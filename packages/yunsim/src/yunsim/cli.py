"""The command `yunsim`: serve a simulated cloud, or print the world that it serves by default."""

import argparse
import asyncio
import logging
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from yunsim import worldfile
from yunsim.limits import rates_of
from yunsim.reading import FileError
from yunsim.serving import Server, serving
from yunsim.worldfile import WorldFile

_EXAMPLE = """example:
  yunsim serve --listen 127.0.0.1:8480 &
  curl http://127.0.0.1:8480/_yunsim/
  curl http://127.0.0.1:8480/latest/meta-data/instance-id

point any Alibaba Cloud client at it: endpoint 127.0.0.1:8480, scheme http, key LTAI-yunsim, the secret that
`yunsim world` shows. To change what exists: yunsim world > my.yaml, edit, yunsim serve --world my.yaml
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit status: 0, 1 for what cannot be served, 2 for a wrong command line."""
    options = _parser().parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    if options.command == "world":
        sys.stdout.write(worldfile.default_text())
        return 0
    try:
        asyncio.run(_serve(options))
    except (FileError, OSError) as error:
        sys.stderr.write(f"yunsim: {_explained(error, options)}\n")
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="yunsim",
        description="Alibaba Cloud on one machine, with load balancers that carry traffic.",
        epilog=_EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="command")
    serve = commands.add_parser(
        "serve",
        help="run until stopped (Ctrl-C or SIGTERM)",
        epilog=_EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    serve.add_argument(
        "--listen", type=_address, default=("127.0.0.1", 8480), metavar="HOST:PORT", help="port 0 chooses a free one"
    )
    serve.add_argument("--world", type=Path, metavar="FILE", help="what exists at the start (default: `yunsim world`)")
    serve.add_argument("--rates", choices=["real", "none"], help="enforce the documented rate limits (default: none)")
    serve.add_argument("--strict", action="store_true", help="refuse what the API reference does not list")
    serve.add_argument("--latency", type=_milliseconds, default=0.0, metavar="MS", help="delay every answer")
    commands.add_parser("world", help="print the default world file, with every key explained")
    return parser


def _address(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    if not host or not port.isdecimal() or int(port) > 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is not HOST:PORT; write 127.0.0.1:8480, or 127.0.0.1:0")
    return host.strip("[]"), int(port)


def _milliseconds(text: str) -> float:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of milliseconds; write one such as 50")
    return int(text) / 1000


async def _serve(options: argparse.Namespace) -> None:
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopped.set)
    file = worldfile.load(options.world)
    rates = rates_of(options.rates) if options.rates else None
    latency = options.latency
    async with serving(file, *options.listen, strict=options.strict, rates=rates, latency=latency) as server:
        sys.stdout.write(f"yunsim listening on {server.url}\n")
        if sys.stdout.isatty():
            sys.stdout.write(_table(file, server))
        sys.stdout.flush()
        await stopped.wait()


def _table(file: WorldFile, server: Server) -> str:
    rows = [
        ("region", f"{file.region}, zones {', '.join(file.zones)}"),
        ("keys", ", ".join(key.id for key in file.keys)),
        *((one.id, f"VPC {one.name} {one.cidr}") for one in file.vpcs),
        *((one.id, f"vSwitch {one.name} {one.cidr} in {one.zone}") for one in file.vswitches),
        *((one.id, f"{one.hostname} {one.ip}{'' if one.in_cluster else ' (no node)'}") for one in file.instances),
        ("control", f"{server.url}/_yunsim/"),
    ]
    return "".join(f"  {name:<30} {what}\n" for name, what in rows)


def _explained(error: FileError | OSError, options: argparse.Namespace) -> str:
    if isinstance(error, FileError):
        return str(error)
    host, port = options.listen
    return f"cannot listen on {host}:{port}: {error.strerror}; name another address with --listen, or port 0"
