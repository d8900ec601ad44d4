"""`yunsim serve`: run a simulated cloud until stopped."""

import argparse
import asyncio
import os
import sys
from pathlib import Path

from yunsim import worldfile
from yunsim.cli.stopping import stopped
from yunsim.cli.values import Commands, address, milliseconds
from yunsim.dataplane.kernel.possible import NotPossible
from yunsim.limits import rates_of
from yunsim.reading import FileError
from yunsim.serving import Server, serving
from yunsim.worldfile import WorldFile


def add(commands: Commands) -> None:
    """Declare the command."""
    parser = commands.add_parser("serve", help="run until stopped (Ctrl-C or SIGTERM)")
    parser.add_argument(
        "--listen", type=address, default=("127.0.0.1", 8480), metavar="HOST:PORT", help="port 0 chooses a free one"
    )
    parser.add_argument("--world", type=Path, metavar="FILE", help="what exists at the start (default: `yunsim world`)")
    parser.add_argument("--rates", choices=["real", "none"], help="enforce the documented rate limits (default: none)")
    parser.add_argument("--strict", action="store_true", help="refuse what the API reference does not list")
    parser.add_argument("--latency", type=milliseconds, default=0.0, metavar="MS", help="delay every answer")
    parser.add_argument(
        "--net",
        choices=["loopback", "kernel"],
        default="loopback",
        help="kernel: every instance is a network namespace, and packets go where the route tables say (Linux, root "
        "or a user namespace; the world's VPCs must not be in 127.0.0.0/8)",
    )
    parser.add_argument(
        "--prefix",
        default=f"yunsim{os.getpid()}-",
        metavar="TEXT",
        help="with --net kernel: namespaces are called TEXT and the id of an instance or VPC (default: yunsimPID-)",
    )
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Serve; 1 when the address or the network cannot be had, or the world file cannot be used."""
    try:
        asyncio.run(_serve(options))
    except FileError as error:
        sys.stderr.write(f"yunsim: {error}\n")
        return 1
    except NotPossible as error:
        sys.stderr.write(f"yunsim: a network in the kernel is not possible: {error}\n")
        return 1
    except OSError as error:
        host, port = options.listen
        fix = "name another address with --listen, or port 0"
        sys.stderr.write(f"yunsim: cannot listen on {host}:{port}: {error.strerror}; {fix}\n")
        return 1
    return 0


async def _serve(options: argparse.Namespace) -> None:
    file = worldfile.load(options.world)
    rates = rates_of(options.rates) if options.rates else None
    until_stopped = stopped()
    async with serving(
        file,
        *options.listen,
        strict=options.strict,
        rates=rates,
        latency=options.latency,
        namespaces=options.prefix if options.net == "kernel" else "",
    ) as server:
        sys.stdout.write(f"yunsim listening on {server.url}\n")
        if sys.stdout.isatty():
            sys.stdout.write(_table(file, server))
        sys.stdout.flush()
        await until_stopped


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
