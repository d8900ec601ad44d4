"""`python -m kubesim.compare FILE` replays a recording against a fresh kubesim and lists every difference.

What differs by nature is left out by patterns: --ignore '^discovery' --ignore 'managedFields.*example'.
"""

import argparse
import asyncio
import json
import re
import sys
from pathlib import Path

from kubesim.compare.replay import replay
from kubesim.objects import Object
from kubesim.server.serving import Settings, serving


async def compare(exchanges: list[Object], ignore: list[re.Pattern[str]]) -> int:
    """Print every difference that no pattern is found in; returns how many exchanges differ."""
    different = 0
    async with serving(Settings(tls=False)) as running:
        async for compared in replay(exchanges, running.url, running.token):
            lines = [f"{compared.title}: {line}" for line in compared.differences]
            lines = [line for line in lines if not any(pattern.search(line) for pattern in ignore)]
            different += bool(lines)
            lines += [f"{compared.title}: skipped, {compared.skipped}"] if compared.skipped else []
            sys.stdout.write("".join(f"{line}\n" for line in lines))
    sys.stdout.write(f"{len(exchanges)} exchanges, {different} with differences\n")
    return different


def main() -> None:
    """Entry point; the exit code is 1 when something differs."""
    parser = argparse.ArgumentParser(prog="kubesim.compare", description=__doc__)
    parser.add_argument("file", type=Path, metavar="FILE", help="the recording, a JSON list of exchanges")
    parser.add_argument("--ignore", type=re.compile, action="append", default=[], metavar="PATTERN",
                        help="leave out lines in which this is found; may be given often")  # fmt: skip
    options = parser.parse_args()
    exchanges = json.loads(options.file.read_text(encoding="utf-8"))
    sys.exit(bool(asyncio.run(compare(exchanges, options.ignore))))


if __name__ == "__main__":
    main()
