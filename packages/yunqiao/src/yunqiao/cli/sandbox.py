"""`yunqiao sandbox`: a cloud, a cluster and the controller on this machine, left running to play with."""

import argparse
import asyncio
import signal
import sys
from collections.abc import Sequence

from yunqiao.cli.sandboxed.places import KEY_ID, KEY_SECRET, REGION
from yunqiao.cli.sandboxed.programs import NotStarted
from yunqiao.cli.sandboxed.sandbox import Sandbox, sandbox
from yunqiao.cli.sandboxed.telling import Teller

EXAMPLE = "example:\n  yunqiao sandbox\n  (in another terminal) kubectl --kubeconfig FILE apply -f examples/nginx.yaml"


def main(arguments: Sequence[str]) -> int:
    """Run until Ctrl-C or SIGTERM; 1 when something could not start."""
    parser = argparse.ArgumentParser(
        prog="yunqiao sandbox",
        description=__doc__,
        epilog=EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.parse_args(arguments)
    try:
        asyncio.run(_serve(Teller()))
    except (NotStarted, OSError) as error:
        sys.stderr.write(f"yunqiao sandbox: {error}\n")
        return 1
    return 0


async def _serve(teller: Teller) -> None:
    stopping = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    teller.chapter("A cloud, a cluster and the controller start on this machine")
    async with sandbox() as box:
        _explain(teller, box)
        ended = asyncio.create_task(box.controller.process.wait())
        await asyncio.wait({ended, asyncio.create_task(stopping.wait())}, return_when=asyncio.FIRST_COMPLETED)
        if ended.done():
            raise NotStarted(f"the controller has ended:\n{box.controller.tail()}")
        teller.chapter("Stopping")
    teller.line("stopped; nothing is left")


def _explain(teller: Teller, box: Sandbox) -> None:
    teller.table([["cloud", box.cloud], ["cluster", box.cluster], ["logs", str(box.folder)]])
    teller.chapter("kubectl")
    teller.line(f"export KUBECONFIG={box.kubeconfig}")
    teller.line("kubectl apply -f examples/nginx.yaml")
    teller.line("kubectl get service nginx --watch")
    teller.line("curl http://EXTERNAL-IP/")
    teller.chapter("An Alibaba Cloud SDK, such as alibabacloud-slb20140515")
    teller.line(f'Config(access_key_id="{KEY_ID}", access_key_secret="{KEY_SECRET}", region_id="{REGION}",')
    teller.line(f'       endpoint="{box.cloud.removeprefix("http://")}", protocol="http")')
    teller.chapter("What the cloud holds, and where listeners really listen (ports below 1024 are moved without root)")
    teller.line(f"curl {box.cloud}/_yunsim/state")
    teller.line(f"curl {box.cloud}/_yunsim/calls")
    teller.chapter("Ctrl-C stops everything")
