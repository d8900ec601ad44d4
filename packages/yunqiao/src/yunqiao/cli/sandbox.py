"""`yunqiao sandbox`: a cloud, a cluster and the controller on this machine, left running to play with."""

import argparse
import asyncio
import json
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from yunqiao.cli.sandboxed.entering import CARD, NoEntry, choose, doors, enter
from yunqiao.cli.sandboxed.guide import explain, facts
from yunqiao.cli.sandboxed.listeners import tell_moved
from yunqiao.cli.sandboxed.namespace import Namespace
from yunqiao.cli.sandboxed.networks import KERNEL, NotPossible, add_option, settle
from yunqiao.cli.sandboxed.programs import NotStarted
from yunqiao.cli.sandboxed.ranges import lowest_port
from yunqiao.cli.sandboxed.sandbox import Sandbox, sandbox
from yunqiao.cli.sandboxed.stopping import Stopped, until_stopped
from yunqiao.cli.sandboxed.telling import Teller

EXAMPLE = """example:
  yunqiao sandbox
  (in another terminal) kubectl --kubeconfig FILE apply -f examples/nginx.yaml

  yunqiao sandbox --net private
  (in another terminal) yunqiao sandbox --enter -- kubectl apply -f examples/nginx.yaml"""


def main(arguments: Sequence[str]) -> int:
    """Run until Ctrl-C or SIGTERM; 1 when something could not start, or ended by itself."""
    parser = _parser()
    options = parser.parse_args(arguments)
    if options.command and options.enter is None:
        parser.error(f"a command ({' '.join(options.command)}) goes with --enter only: --enter -- COMMAND")
    try:
        if options.enter is not None:
            enter(choose(doors(Path(tempfile.gettempdir())), options.enter or None), options.command)
        interfaces = options.pods == "interfaces"
        if interfaces and options.net == KERNEL:
            parser.error("--pods interfaces goes with --net loopback or private: there are no routes to follow then")
        serving = _serve(settle(options.net), as_json=options.output == "json", pods_have_interfaces=interfaces)
        asyncio.run(until_stopped(serving))
    except Stopped:
        return 0
    except (NotStarted, NotPossible, NoEntry, OSError) as error:
        sys.stderr.write(f"yunqiao sandbox: {error}\n")
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="yunqiao sandbox",
        description=__doc__,
        epilog=EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_option(parser)
    parser.add_argument(
        "--pods", choices=["nodes", "interfaces"], default="nodes",
        help="interfaces: pods have addresses of the VPC, as with Terway, and can be backends themselves",
    )  # fmt: skip
    parser.add_argument(
        "--output", choices=["text", "json"], default="text", help="json: when it is ready, all it has to tell, once"
    )
    parser.add_argument(
        "--enter",
        nargs="?",
        type=int,
        const=0,
        metavar="PID",
        help="go into the private network of a sandbox that runs (PID: of that one), for a shell or the COMMAND",
    )
    parser.add_argument("command", nargs="*", metavar="COMMAND", help="with --enter, after --: what to run there")
    return parser


async def _serve(namespace: Namespace | None, *, as_json: bool, pods_have_interfaces: bool) -> None:
    teller = Teller(quiet=as_json)
    teller.chapter("A cloud, a cluster and the controller start on this machine")
    try:
        async with sandbox(namespace, pods_have_interfaces=pods_have_interfaces) as box:
            _tell(teller, box, as_json=as_json)
            await _follow(teller, box)
    finally:
        teller.line("stopped; nothing is left")


def _tell(teller: Teller, box: Sandbox, *, as_json: bool) -> None:
    told = facts(box)
    (box.folder / CARD).write_text(json.dumps(told), encoding="utf-8")
    if as_json:
        sys.stdout.write(json.dumps(told) + "\n")
        sys.stdout.flush()
    explain(teller, told)


async def _follow(teller: Teller, box: Sandbox) -> None:
    """Watch over it until cancelled. Raises NotStarted when one of the programs has ended."""
    following = [asyncio.create_task(tell_moved(box.cloud, teller))] if lowest_port() > 1 else []
    try:
        ended = await box.first_to_end()
        raise NotStarted(f"{ended.name} has ended:\n{ended.tail()}")
    finally:
        for task in following:
            task.cancel()
        teller.chapter("Stopping")
