"""`yunqiao doctor`: does the installation work? One look at configuration, cluster and cloud; each fault with its fix.

The checks are in `yunqiao.install`; examining.py beside this file reaches cluster and cloud for them.
"""

import asyncio
import json
import logging
import os
import shutil
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from yunqiao.cli.asking import OUTPUTS, WrongCommandLine
from yunqiao.cli.examining import looked_at
from yunqiao.install import report
from yunqiao.install.configuration import Given
from yunqiao.install.examination import examine
from yunqiao.install.findings import EXIT_CODES, Report
from yunqiao.options.cloud_config import parse_cloud_config
from yunqiao.options.flags import parse_flags
from yunqiao.options.setting import Settled
from yunqiao.settings import HelpWanted, Settings, Unusable, load

HELP = f"""usage: yunqiao doctor [OPTIONS]

Whether the controller can work, and does: configuration, cluster (rights, leader), place in the cloud, access key and
RAM permissions, nodes, routes, Services. Each check is ok, warning, broken or not checked, with the fix. Reads only.
Give it the flags of the controller, and its kubeconfig: rights are those of whoever asks.

options:
  -o, --output FORMAT    table or json (default: table)
  and all flags of `yunqiao run`, such as --kubeconfig FILE, --cloud-config FILE, --cluster-cidr RANGE, -v=1

{EXIT_CODES}
example:
  yunqiao doctor --kubeconfig ~/.kube/config --cloud-config cloud-config.conf --cluster-cidr 10.244.0.0/16
"""
OUTPUT = ("-o", "--output")
WRONG = 2


def main(arguments: Sequence[str]) -> int:
    """Print the findings; the exit status says whether something is broken."""
    try:
        output, flags = _parted(arguments)
        given, settings = _read(flags)
    except HelpWanted:
        sys.stdout.write(HELP)
        return 0
    except (WrongCommandLine, Unusable) as wrong:
        sys.stderr.write(f"yunqiao doctor: {str(wrong).partition(chr(10) * 2)[0]}\n\n{HELP}")
        return WRONG
    level = settings.verbosity if settings is not None else 0
    logging.basicConfig(level=logging.INFO if level else logging.ERROR, format="%(levelname)s %(name)s: %(message)s")
    try:
        found = examine(asyncio.run(looked_at(given, settings, _progress())))
    except KeyboardInterrupt:
        return 130
    sys.stdout.write(_shown(found, output))
    return found.exit_code


def _shown(found: Report, output: str) -> str:
    if output == "json":
        return json.dumps(report.plain(found), indent=2) + "\n"
    terminal = sys.stdout.isatty()
    return report.table(found, colour=terminal, width=shutil.get_terminal_size().columns if terminal else 0)


def _progress() -> Callable[[str], None]:
    """Says on a terminal what is being done, on one line that is gone at the end."""
    if not sys.stderr.isatty():
        return lambda _: None

    def tell(text: str) -> None:
        sys.stderr.write(f"\r\033[K{text}")
        sys.stderr.flush()

    return tell


def _parted(arguments: Sequence[str]) -> tuple[str, list[str]]:
    """The output format, and the controller's flags. Raises WrongCommandLine."""
    rest, flags, output = list(arguments), [], OUTPUTS[0]
    while rest:
        name, equals, value = rest.pop(0).partition("=")
        if name not in OUTPUT:
            flags.append(name + equals + value)
            continue
        if not equals and not rest:
            raise WrongCommandLine(f"{name}: a value is missing")
        output = value if equals else rest.pop(0)
    if output not in OUTPUTS:
        raise WrongCommandLine(f'--output: "{output}" is not one of {", ".join(OUTPUTS)}')
    return output, flags


def _read(flags: Sequence[str]) -> tuple[Given, Settings | None]:
    """What was given, and what can be used of it: None when not even the way to the cluster is clear.

    Raises HelpWanted, and Unusable for a flag that there is not.
    """
    values, _, flag_notes = parse_flags(flags)
    file = str(values.get("cloud-config", ""))
    found, _, notes = _config(file)
    try:
        settings = load(flags, os.environ, _text, os.path.exists)
    except Unusable as unusable:
        if unusable.exit_code == WRONG:
            raise
        return Given(file, found, unusable.problems, (*flag_notes, *notes)), _what_is_left(flags)
    return Given(file, found, notes=settings.notes), settings


def _what_is_left(flags: Sequence[str]) -> Settings | None:
    """The settings without cloud-config and environment, but for the way to the cluster."""
    kept = {name: text for name, text in os.environ.items() if name == "KUBECONFIG"}
    try:
        return load([*flags, "--cloud-config="], kept, _text, lambda _: False)
    except Unusable:
        return None


def _config(file: str) -> Settled:
    """What stands in the cloud-config, as far as it can be read."""
    try:
        return parse_cloud_config(_text(file), file)
    except (OSError, UnicodeDecodeError):
        return {}, (), ()


def _text(file: str) -> str:
    return Path(file).read_text(encoding="utf-8")
