"""`yunsim world`: print the world file that is served by default."""

import argparse
import sys

from yunsim import worldfile
from yunsim.cli.values import Commands


def add(commands: Commands) -> None:
    """Declare the command."""
    parser = commands.add_parser("world", help="print the default world file, with every key explained")
    parser.set_defaults(run=run)


def run(_options: argparse.Namespace) -> int:
    """Print it."""
    sys.stdout.write(worldfile.default_text())
    return 0
