"""`yunqiao plan`: what the controller would do about a Service, or about the Services of a manifest, field by field."""

import json
import sys
from collections.abc import Sequence
from pathlib import Path

from yunqiao.cli import manifest, outlook
from yunqiao.cli.asking import Command, Question, WrongCommandLine
from yunqiao.cli.manifest import BEYOND
from yunqiao.cli.onlooking import View, look
from yunqiao.cli.planning import EXIT_CODES, Outlook, rehearsed
from yunqiao.controllers.services.triggers import concerns_us
from yunqiao.model.errors import Refused
from yunqiao.model.snapshot import Snapshot

HELP = f"""usage: yunqiao plan service NAMESPACE/NAME [OPTIONS]
       yunqiao plan -f FILE [-f FILE ...] [OPTIONS]

What the controller would do now, call by call and field by field. Reads cluster and cloud; writes to neither.
With -f, Services are planned as they would be after `kubectl apply`; other objects are skipped.

options:
  -f, --filename FILE    a manifest in YAML or JSON, of one or more documents; - is standard input
  -n, --namespace NAME   the namespace of objects that say none (default: default)
  -o, --output FORMAT    table or json (default: table)
  and all flags of `yunqiao run`, such as --kubeconfig FILE, --cloud-config FILE, --network=public, -v=1

{EXIT_CODES}
example:
  yunqiao plan service shop/web --kubeconfig ~/.kube/config --cloud-config cloud-config.conf
  yunqiao plan -f web.yaml && kubectl apply -f web.yaml
"""
OPTIONS = {
    "-f": "filename", "--filename": "filename", "-n": "namespace", "--namespace": "namespace",
    "-o": "output", "--output": "output",
}  # fmt: skip


def main(arguments: Sequence[str]) -> int:
    """Print the plan; the exit status says what kind of changes it has."""
    return Command("plan", HELP, OPTIONS, _answer).run(arguments)


async def _answer(question: Question) -> int:
    as_json = question.as_json
    files = question.given.get("filename", ())
    if files and question.words:
        raise WrongCommandLine(f"name a Service or files, not both ({' '.join(question.words)}, -f {files[0]})")
    key = "" if files else question.service()
    texts = [(name, _text(name)) for name in files]
    async with look(question.settings) as view:
        found = _of_manifests(texts, view, question.one("namespace", "default")) if texts else _of_service(key, view)
        snapshots, allocated, skipped = found
        async with view.stage() as stage:
            played = await rehearsed(snapshots, stage, question.settings.service_workers)
    told = Outlook(played, allocated, skipped)
    sys.stdout.write(json.dumps(outlook.plain(told), indent=2) + "\n" if as_json else outlook.table(told))
    return told.exit_code


Found = tuple[list[Snapshot], dict[str, str], list[str]]
"""What is to be rehearsed, what stands in for numbers that are not known, what was skipped."""


def _of_service(key: str, view: View) -> Found:
    snapshot = view.caches.snapshot(key)
    if snapshot is None:
        raise Refused(f"there is no Service {key}")
    if not concerns_us(snapshot.service):
        return [], {}, [f"Service {key} {_asks_for_none(snapshot)}"]
    return [snapshot], {}, []


def _of_manifests(texts: Sequence[tuple[str, str]], view: View, namespace: str) -> Found:
    snapshots: list[Snapshot] = []
    allocated: dict[str, str] = {}
    skipped: list[str] = []
    for document in (one for name, text in texts for one in manifest.documents(text, name)):
        key = manifest.named(document, namespace)
        if document["kind"] != "Service":
            skipped.append(f"{document['kind']} {key}")
            continue
        wished = manifest.applied(document, key, view.caches.services.get(key), BEYOND + len(allocated))
        view.caches.services.put(wished.service)
        snapshot = view.caches.snapshot(key)
        if snapshot is not None and concerns_us(snapshot.service):
            snapshots.append(snapshot)
            allocated.update(wished.allocated)
        elif snapshot is not None:
            skipped.append(f"Service {key} {_asks_for_none(snapshot)}")
    return snapshots, allocated, skipped


def _asks_for_none(snapshot: Snapshot) -> str:
    spec = snapshot.service.spec
    kind = f"type {spec.type}" + (f", class {spec.load_balancer_class}" if spec.load_balancer_class else "")
    return f"({kind}) asks for no classic load balancer"


def _text(name: str) -> str:
    try:
        return sys.stdin.read() if name == "-" else Path(name).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise Refused(f"-f {name} cannot be read: {getattr(error, 'strerror', None) or 'it is not UTF-8'}") from None
