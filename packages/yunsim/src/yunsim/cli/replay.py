"""`yunsim replay`: ask yunsim what a recording asked the cloud, and tell where the answers differ."""

import argparse
import asyncio
import dataclasses
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path

import aiohttp

from yunsim import worldfile
from yunsim.calls import Cloud
from yunsim.cli.record import owners_key
from yunsim.cli.values import Commands
from yunsim.control import Control
from yunsim.founding import found
from yunsim.reading import FileError
from yunsim.recording.asking import over_http
from yunsim.recording.replaying import Played, in_process, replay
from yunsim.recording.tape import Exchange, exchanges
from yunsim.signature import AccessKey


def add(commands: Commands) -> None:
    """Declare the command."""
    parser = commands.add_parser("replay", help="play a recording against yunsim and tell where the answers differ")
    parser.add_argument("directory", type=Path, metavar="DIR", help="what `yunsim record --to` wrote")
    parser.add_argument("--against", metavar="URL", help="a yunsim that runs (default: a new one in this process)")
    parser.add_argument("--world", type=Path, metavar="FILE", help="what exists at the start of the new one")
    parser.add_argument("--strict", action="store_true", help="let the new one refuse what the reference does not list")
    parser.add_argument("--output", choices=["table", "json"], default="table")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Replay; 0 when nothing differs, 1 when something does or was skipped, 2 when it cannot be done."""
    try:
        recorded = exchanges(options.directory)
        replayed = _against(options, recorded) if options.against else _here(options, recorded)
        played = asyncio.run(replayed)
    except FileError as error:
        sys.stderr.write(f"yunsim: {error}\n")
        return 2
    except aiohttp.ClientError as error:
        sys.stderr.write(f"yunsim: {options.against} does not answer as a yunsim does: {error}\n")
        return 2
    sys.stdout.write(_table(played) if options.output == "table" else _json(played))
    return 1 if any(one.differences or one.skipped for one in played) else 0


async def _here(options: argparse.Namespace, recorded: Sequence[Exchange]) -> list[Played]:
    file = dataclasses.replace(worldfile.load(options.world), route_change_seconds=0.0)  # nobody waits in a replay
    cloud = Cloud(found(file, strict=options.strict))
    return await replay(recorded, in_process(cloud), Control(cloud, file).state({}, None))


async def _against(options: argparse.Namespace, recorded: Sequence[Exchange]) -> list[Played]:
    default = worldfile.load().keys[0]
    key = owners_key(os.environ) or AccessKey(default.id, default.secret)
    url = options.against.rstrip("/")
    async with aiohttp.ClientSession() as session:
        async with session.get(f"{url}/_yunsim/state", raise_for_status=True) as response:
            here = await response.json()
        return await replay(recorded, over_http(session, url, key), here)


def _table(played: Sequence[Played]) -> str:
    rows = [("call", "action", "field", "recorded", "replayed")]
    for one in played:
        if one.skipped:
            rows.append((str(one.number), one.action, "(skipped)", one.skipped, ""))
        rows += [(str(one.number), one.action, each.path, each.recorded, each.replayed) for each in one.differences]
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    lines = ["  ".join([*map(str.ljust, row, widths), row[4]]).rstrip() for row in rows]
    skipped = sum(bool(one.skipped) for one in played)
    differing = sum(bool(one.differences) for one in played)
    summary = f"{len(played)} exchanges: {len(played) - skipped - differing} the same, {differing} different"
    return "\n".join([*(lines if len(rows) > 1 else []), f"{summary}, {skipped} skipped"]) + "\n"


def _json(played: Sequence[Played]) -> str:
    return json.dumps([dataclasses.asdict(one) for one in played], indent=1, ensure_ascii=False) + "\n"
