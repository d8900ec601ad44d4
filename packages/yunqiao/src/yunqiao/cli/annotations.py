"""`yunqiao annotations`: what a Service may ask of its load balancer, from the declarations that the controller reads.

As a table, as JSON or Markdown, as a JSON Schema for `metadata.annotations`, and as the admission policies that refuse
bad values when they are applied.
"""

import argparse
import json
import sys
from collections.abc import Callable, Mapping, Sequence

from yunqiao.controllers.services.clb.options import Options
from yunqiao.controllers.services.clb.plan_instance import FIXED
from yunqiao.controllers.services.identity import OTHER_CLASS, TUNNEL
from yunqiao.options import table
from yunqiao.options.admission_policy import Elsewhere, manifest, policies
from yunqiao.options.declare import PREFIXES, declared
from yunqiao.options.json_schema import schema
from yunqiao.options.setting import nearest

EXAMPLE = """example:
  yunqiao annotations
  yunqiao annotations scheduler
  yunqiao annotations --output policy | kubectl apply -f -
"""
OPTIONS = tuple(option for _, option in declared(Options))
ROWS = {row.suffix: row for row in table.rows(OPTIONS, FIXED)}
SELECTED_ELSEWHERE = Elsewhere(present=(TUNNEL,), filled=(OTHER_CLASS,))
"""Services with one of these are none of ours."""


def policy_file() -> str:
    """The admission policies and their bindings, as a file."""
    return manifest(policies(OPTIONS, SELECTED_ELSEWHERE))


def schema_file() -> str:
    """The JSON Schema for all annotations of a Service, as a file."""
    return json.dumps(schema(OPTIONS, SELECTED_ELSEWHERE.present), indent=2) + "\n"


OF_SOME: Mapping[str, Callable[[Sequence[table.Row]], str]] = {
    "table": table.text,
    "json": lambda rows: json.dumps(table.as_json(rows), indent=2) + "\n",
    "markdown": table.markdown,
}
OF_ALL: Mapping[str, Callable[[], str]] = {"schema": schema_file, "policy": policy_file}
"""Forms that only make sense of all annotations together."""


def main(arguments: Sequence[str]) -> int:
    """Print what was asked for; a wrong command line, an unknown annotation included, ends with status 2."""
    parser = argparse.ArgumentParser(
        prog="yunqiao annotations",
        description=__doc__,
        epilog=EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("suffix", metavar="SUFFIX", nargs="?", help="one annotation, with or without its prefix")
    words = "default: a table; of one annotation: all there is to say"
    parser.add_argument("--output", choices=[*OF_SOME, *OF_ALL], default="", help=words)
    asked = parser.parse_args(arguments)
    suffix = _without_prefix(asked.suffix or "")
    if suffix and suffix not in ROWS:
        meant = nearest(suffix, ROWS)
        parser.error(f'there is no annotation "{asked.suffix}"' + (f"; did you mean {meant}?" if meant else ""))
    if suffix and asked.output in OF_ALL:
        parser.error(f"--output {asked.output} is about all annotations; leave {asked.suffix} out")
    sys.stdout.write(_output(suffix, asked.output))
    return 0


def _output(suffix: str, form: str) -> str:
    if form in OF_ALL:
        return OF_ALL[form]()
    if suffix and not form:
        return table.detail(ROWS[suffix])
    return OF_SOME[form or "table"]([ROWS[suffix]] if suffix else [*ROWS.values()])


def _without_prefix(name: str) -> str:
    for prefix in PREFIXES:
        name = name.removeprefix(prefix)
    return name
