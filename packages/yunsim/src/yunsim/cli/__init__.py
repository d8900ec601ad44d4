"""The command `yunsim`: one module per command, each with the same two functions.

`add` declares the command's options, `run` does it and returns the exit status.
"""

import argparse
import logging
from collections.abc import Sequence

from yunsim.cli import call, coverage, record, replay, serve, world

_EXAMPLE = """example:
  yunsim serve --listen 127.0.0.1:8480 &
  curl http://127.0.0.1:8480/_yunsim/
  curl http://127.0.0.1:8480/latest/meta-data/instance-id

point any Alibaba Cloud client at it: endpoint 127.0.0.1:8480, scheme http, key LTAI-yunsim, the secret that
`yunsim world` shows. To change what exists: yunsim world > my.yaml, edit, yunsim serve --world my.yaml
"""

_COMMANDS = (serve, world, call, coverage, record, replay)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit status: 0, 1 for what cannot be done, 2 for a wrong command line."""
    parser = argparse.ArgumentParser(
        prog="yunsim",
        description="Alibaba Cloud on one machine, with load balancers that carry traffic.",
        epilog=_EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="command")
    for command in _COMMANDS:
        command.add(commands)
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    status: int = options.run(options)
    return status
