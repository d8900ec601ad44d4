"""Lines of events: encoded once, and never mistaken for one another."""

import json

import pytest

from kubesim.server import lines
from kubesim.server.lines import Lines


def event(type_="ADDED", version="5", **metadata):
    return {"type": type_, "object": {"kind": "Service", "metadata": {"resourceVersion": version, **metadata}}}


def test_the_same_event_is_encoded_once():
    known = Lines()
    first = known.line("services", event())
    assert json.loads(first) == event()
    assert known.line("services", event()) is first


@pytest.mark.parametrize("other", [event("DELETED"), event(version="6")])
def test_another_type_or_version_is_another_line(other):
    known = Lines()
    known.line("services", event())
    assert json.loads(known.line("services", other)) == other


def test_bookmarks_are_never_shared():
    known = Lines()
    known.line("services", event("BOOKMARK"))
    assert json.loads(known.line("services", event("BOOKMARK", name="x"))) == event("BOOKMARK", name="x")


def test_another_resource_is_another_line():
    known = Lines()
    known.line("events", event())
    assert json.loads(known.line("events.events.k8s.io", event(name="x"))) == event(name="x")


def test_only_the_latest_are_kept(monkeypatch):
    monkeypatch.setattr(lines, "KEPT", 2)
    known = Lines()
    first = known.line("services", event(version="1"))
    known.line("services", event(version="2"))
    known.line("services", event(version="3"))
    assert known.line("services", event(version="1")) is not first
