"""Any sequence of writes to several kinds leaves what a simple model says, and watchers can rebuild it."""

import asyncio

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from kubesim.cluster import new_cluster
from kubesim.errors import StatusError
from kubesim.objects import key_of

KINDS = {
    "configmaps": {"data": {}},
    "services": {"spec": {"ports": [{"port": 80}]}},
    "leases.coordination.k8s.io": {"spec": {"holderIdentity": "a"}},
}
kinds = st.sampled_from(sorted(KINDS))
names = st.sampled_from(["a", "b", "c"])
values = st.sampled_from(["1", "2", "3"])
MERGE = "application/merge-patch+json"


class Writing(RuleBasedStateMachine):
    """The model keeps label, status and finalizer of each object, and notes every event that must be seen."""

    def __init__(self):
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.verbs = new_cluster()
        self.model = {}
        self.expected = []
        self.revision = self.verbs.storage.revision
        self.start = str(self.revision)
        self.mirror = {
            (kind, key_of(obj)): obj["metadata"]["resourceVersion"]
            for kind in KINDS
            for obj in self.verbs.list(kind)["items"]
        }

    def wrote(self, type_, kind, name):
        self.expected.append((type_, kind, name))
        assert self.verbs.storage.revision == self.revision + 1
        self.revision += 1

    def refused(self, code, call, *arguments, **named):
        with pytest.raises(StatusError) as caught:
            call(*arguments, **named)
        assert caught.value.code == code
        assert self.verbs.storage.revision == self.revision

    @rule(kind=kinds, name=names, value=values)
    def create(self, kind, name, value):
        obj = {"metadata": {"name": name, "labels": {"v": value}}, **KINDS[kind]}
        if (kind, name) in self.model:
            self.refused(409, self.verbs.create, kind, obj, "default")
            return
        self.verbs.create(kind, obj, "default")
        self.model[kind, name] = {"label": value, "held": False, "going": False, "address": None}
        self.wrote("ADDED", kind, name)

    @rule(kind=kinds, name=names, value=values, way=st.sampled_from(["update", "patch"]))
    def change(self, kind, name, value, way):
        known = self.model.get((kind, name))
        patch = {"metadata": {"labels": {"v": value}}}
        if known is None:
            self.refused(404, self.verbs.patch, kind, name, patch, MERGE, "default")
            return
        if way == "patch":
            self.verbs.patch(kind, name, patch, MERGE, "default")
        else:
            live = self.verbs.get(kind, name, "default")
            self.verbs.update(kind, live | {"metadata": live["metadata"] | {"labels": {"v": value}}}, "default")
        if known["label"] != value:
            known["label"] = value
            self.wrote("MODIFIED", kind, name)

    @rule(kind=kinds, name=names, value=values)
    def update_what_is_old(self, kind, name, value):
        if (kind, name) in self.model:
            live = self.verbs.get(kind, name, "default")
            stale = live | {"metadata": live["metadata"] | {"labels": {"v": value}, "resourceVersion": "7"}}
            self.refused(409, self.verbs.update, kind, stale, "default")

    @rule(name=names, value=values)
    def report(self, name, value):
        known = self.model.get(("services", name))
        status = {"status": {"conditions": [{"type": "Told", "status": "True", "reason": f"R{value}", "message": "",
                                             "lastTransitionTime": "2026-01-01T00:00:00Z"}]}}  # fmt: skip
        if known is None:
            self.refused(404, self.verbs.patch, "services", name, status, MERGE, "default", subresource="status")
            return
        self.verbs.patch("services", name, status, MERGE, "default", subresource="status")
        if known["address"] != value:
            known["address"] = value
            self.wrote("MODIFIED", "services", name)

    @precondition(lambda self: self.model)
    @rule(data=st.data())
    def hold_or_let_go(self, data):
        kind, name = data.draw(st.sampled_from(sorted(self.model)))
        known = self.model[kind, name]
        patch = {"metadata": {"finalizers": None if known["held"] else ["example.com/hold"]}}
        if known["going"] and not known["held"]:
            raise AssertionError("an object that goes and is not held should be gone")
        self.verbs.patch(kind, name, patch, MERGE, "default")
        known["held"] = not known["held"]
        if known["going"]:
            del self.model[kind, name]
        self.wrote("DELETED" if known["going"] else "MODIFIED", kind, name)

    @rule(kind=kinds, name=names)
    def delete(self, kind, name):
        known = self.model.get((kind, name))
        if known is None:
            self.refused(404, self.verbs.delete, kind, name, "default")
            return
        self.verbs.delete(kind, name, "default")
        if not known["held"]:
            del self.model[kind, name]
            self.wrote("DELETED", kind, name)
        elif not known["going"]:
            known["going"] = True
            self.wrote("MODIFIED", kind, name)

    @invariant()
    def lists_show_the_model(self):
        for kind in KINDS:
            listed = {
                obj["metadata"]["name"]: obj["metadata"].get("labels", {}).get("v")
                for obj in self.verbs.list(kind, "default")["items"]
                if obj["metadata"]["name"] != "kubernetes"
            }
            assert listed == {name: known["label"] for (each, name), known in self.model.items() if each == kind}

    def teardown(self):
        events = self.loop.run_until_complete(self.watched())
        self.loop.close()
        for kind in KINDS:
            told = [(type_, obj["metadata"]["name"]) for each, type_, obj in events if each == kind]
            assert told == [(type_, name) for type_, each, name in self.expected if each == kind]
        for kind, type_, obj in events:
            self.mirror[kind, key_of(obj)] = obj["metadata"]["resourceVersion"]
            if type_ == "DELETED":
                del self.mirror[kind, key_of(obj)]
        present = {(kind, key_of(obj)): obj for kind in KINDS for obj in self.verbs.list(kind)["items"]}
        assert self.mirror == {place: obj["metadata"]["resourceVersion"] for place, obj in present.items()}

    async def watched(self):
        """Every event since the start, by kind; each kind's watch ends with a bookmark once nothing is pending."""
        found = []
        for kind in KINDS:
            watch = self.verbs.watch(kind, since=self.start, bookmarks=0.001)
            async for event in watch:
                if event["type"] == "BOOKMARK":
                    break
                found.append((kind, event["type"], event["object"]))
            await watch.aclose()
        return found


Writing.TestCase.settings = settings(max_examples=40, stateful_step_count=30, deadline=None)
TestWriting = Writing.TestCase
