"""The command: `kubesim serve` runs the API, and with it hollow nodes whose pods answer."""

import argparse
import asyncio
import contextlib
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from kubesim.access import token_file
from kubesim.api.verbs import Verbs
from kubesim.hollow import Hollow, NodesFile, NodesFileError, load
from kubesim.server.collecting import collect_rarely
from kubesim.server.serving import Settings, serving


def main(arguments: Sequence[str] | None = None) -> None:
    """Entry point of `kubesim`."""
    options = _parser().parse_args(arguments)
    collect_rarely()
    try:
        asyncio.run(_serve(options))
    except (OSError, NodesFileError, token_file.TokenFileError) as error:
        sys.exit(f"kubesim: {error}")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="kubesim", description="A Kubernetes API in one process.")
    serve = parser.add_subparsers(dest="command", required=True).add_parser("serve", help="run the API server")
    serve.add_argument("--listen", type=_address, default=("127.0.0.1", 0), metavar="HOST:PORT",
                       help="where to listen; port 0 chooses a free one (default 127.0.0.1:0)")  # fmt: skip
    serve.add_argument("--write-kubeconfig", type=Path, metavar="FILE", help="write a kubeconfig here, mode 0600")
    serve.add_argument("--token", default="", help="bearer token of the one user (default: a random one)")
    serve.add_argument("--token-file", type=Path, metavar="FILE",
                       help='further users, one a line: token,user,uid,"group1,group2"')  # fmt: skip
    serve.add_argument("--enforce-rbac", action="store_true",
                       help="hold every user but the one of --token to Roles, ClusterRoles and bindings")  # fmt: skip
    serve.add_argument("--nodes", type=Path, metavar="FILE", help="YAML file of hollow nodes (default: two workers)")
    serve.add_argument("--no-nodes", action="store_true", help="the API alone: no nodes, no controllers")
    serve.add_argument("--insecure-http", action="store_true", help="plain HTTP instead of TLS")
    return parser


def _address(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    if not host or not port.isdigit() or int(port) > 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is no address: write HOST:PORT, such as 127.0.0.1:6443")
    return host.strip("[]"), int(port)


async def _serve(options: argparse.Namespace) -> None:
    host, port = options.listen
    settings = Settings(
        host,
        port,
        options.token,
        not options.insecure_http,
        options.write_kubeconfig,
        options.enforce_rbac,
        token_file.load(options.token_file) if options.token_file else {},
    )
    nodes = None if options.no_nodes else load(options.nodes)
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    async with serving(settings) as running:
        print(f"kubesim listening on {running.url}", flush=True)
        waiting: set[asyncio.Future[Any]] = {asyncio.create_task(stopped.wait())}
        if nodes is not None:
            waiting.add(asyncio.create_task(_run_nodes(running.verbs, nodes, running.place)))
        done, pending = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        for task in pending:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
        for task in done:
            task.result()


async def _run_nodes(verbs: Verbs, nodes: NodesFile, server: tuple[str, int]) -> None:
    async with Hollow(verbs, nodes, server=server) as hollow:
        await hollow.wait()
