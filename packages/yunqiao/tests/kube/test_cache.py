import pytest

from yunqiao.kube.cache import Cache
from yunqiao.model.cluster import Metadata, Service


def service(name, version="1", uid="u", **labels):
    return Service(metadata=Metadata(name=name, namespace="shop", uid=uid, resource_version=version, labels=labels))


@pytest.fixture
def cache():
    return Cache({"team": lambda thing: [thing.metadata.labels["team"]] if "team" in thing.metadata.labels else []})


def test_objects_are_found_by_key_and_by_index(cache):
    cache.put(service("web", team="a"))
    cache.put(service("api", team="a"))
    cache.put(service("db"))
    assert cache.get("shop/web").metadata.name == "web"
    assert [thing.metadata.name for thing in cache.by("team", "a")] == ["api", "web"]
    assert [thing.metadata.name for thing in cache] == ["api", "db", "web"]


def test_an_index_follows_changes_and_removals(cache):
    cache.put(service("web", team="a"))
    assert cache.put(service("web", team="b")).metadata.labels == {"team": "a"}
    assert cache.by("team", "a") == []
    assert len(cache.by("team", "b")) == 1
    cache.remove("shop/web")
    assert cache.by("team", "b") == []
    assert cache.remove("shop/web") is None
    assert len(cache) == 0


def test_replacing_everything_gives_only_the_differences(cache):
    same, old, new, gone = service("same"), service("web", "1"), service("web", "2"), service("gone")
    for thing in (same, old, gone):
        cache.put(thing)
    added = service("added")
    assert cache.replace([service("same"), new, added]) == [(gone, None), (old, new), (None, added)]
    assert cache.replace([service("same"), new, added]) == []


def test_an_object_that_was_made_anew_is_deleted_and_added(cache):
    old, new = service("web", "1", uid="u1"), service("web", "9", uid="u2")
    cache.put(old)
    assert cache.replace([new]) == [(old, None), (None, new)]
    assert cache.get("shop/web") is new
