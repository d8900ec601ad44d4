"""Whatever is written in whatever order: the past can be listed, and a watch from any revision tells the rest."""

import asyncio

from hypothesis import given, settings
from hypothesis import strategies as some

from kubesim.storage import Storage

KEYS = [("a", "x"), ("a", "y"), ("b", "x")]
WRITES = some.lists(some.tuples(some.sampled_from(["put", "remove"]), some.sampled_from(KEYS)), max_size=30)


def written(writes):
    """The store after the writes, and what it held at every revision on the way."""
    storage, past = Storage(), {}
    past[storage.revision] = []
    for action, key in writes:
        if action == "put":
            storage.put("a", key, {"metadata": {"namespace": key[0], "name": key[1]}})
        elif storage.get("a", key) is not None:
            storage.remove("a", key)
        past[storage.revision] = storage.all("a")
    return storage, past


@given(WRITES)
@settings(deadline=None)
def test_every_earlier_state_can_be_listed(writes):
    storage, past = written(writes)
    for revision, objects in past.items():
        assert storage.all_at("a", revision) == objects


@given(WRITES)
@settings(deadline=None)
def test_a_watch_from_any_revision_leads_to_the_present(writes):
    storage, past = written(writes)
    for revision, objects in past.items():
        state = {(obj["metadata"]["namespace"], obj["metadata"]["name"]): obj for obj in objects}
        watcher = storage.watch("a", revision)
        for change in asyncio.run(watcher.wait(0)):
            assert change.revision > revision
            assert (change.key in state) == (change.action != "ADDED")
            if change.action == "DELETED":
                del state[change.key]
            else:
                state[change.key] = change.object
        assert [state[key] for key in sorted(state)] == storage.all("a")
