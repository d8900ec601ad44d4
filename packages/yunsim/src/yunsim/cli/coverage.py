"""`yunsim coverage`: what of the published API reference exists here, as a page or as data."""

import argparse
import dataclasses
import json
import sys
from pathlib import Path

from yunsim.cli.values import Commands


def add(commands: Commands) -> None:
    """Declare the command."""
    parser = commands.add_parser("coverage", help="tell which actions, parameters and answer fields are modelled")
    parser.add_argument("--output", choices=["markdown", "json"], default="markdown", help="a page (default), or data")
    parser.add_argument("--check", type=Path, metavar="FILE", help="print nothing; 1 when FILE says something else")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Print or check; 1 when the file to check cannot be read or is not what would be printed."""
    text = _text(options.output)
    if options.check is None:
        sys.stdout.write(text)
        return 0
    try:
        fresh = options.check.read_text(encoding="utf-8") == text
    except OSError as error:
        sys.stderr.write(f"yunsim: {options.check}: {error.strerror}; name a file that `yunsim coverage` wrote\n")
        return 1
    if not fresh:
        command = f"yunsim coverage --output {options.output} > {options.check}"
        sys.stderr.write(f"yunsim: {options.check} does not say what is so; write it anew: {command}\n")
    return 0 if fresh else 1


def _text(output: str) -> str:
    from yunsim.coverage import coverage  # the tour's certificate needs a library that serving does not
    from yunsim.coverage_page import page

    actions = coverage()
    if output == "markdown":
        return page(actions)
    return json.dumps([dataclasses.asdict(action) for action in actions], indent=1) + "\n"
