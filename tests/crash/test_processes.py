"""The real controller, killed at every kind of write of a Service's life, between real servers over real sockets."""

from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
import pytest_asyncio
from tests.crash.processes import Site, site

from kubesim.storage import Change
from yunqiao.controllers.services.identity import FINALIZER
from yunqiao.controllers.services.record import ANNOTATION

pytestmark = pytest.mark.asyncio(loop_scope="module")

BORN = ("CreateLoadBalancer", "CreateVServerGroup", "CreateLoadBalancerTCPListener", "StartLoadBalancerListener")
CHANGED = ("ModifyVServerGroupBackendServers", "DeleteLoadBalancerListener", "DeleteVServerGroup")
GONE = ("SetLoadBalancerDeleteProtection", "DeleteLoadBalancer")
DOUBLED = ("CreateLoadBalancer", "CreateVServerGroup")
"""Calls that make a second thing when they arrive after their own repetition."""
OBJECT, STATUS = "/services/[a-z]+(\\?|$)", "/services/[a-z]+/status"


def _claims(change: Change) -> bool:
    return _noted(change) and '"dirty":true' in change.object["metadata"]["annotations"][ANNOTATION]


def _publishes(change: Change) -> bool:
    return _noted(change) and '"dirty":true' not in change.object["metadata"]["annotations"][ANNOTATION]


def _noted(change: Change) -> bool:
    """Whether the controller's note on a Service changed."""
    before, after = (_notes(one) for one in (change.previous, change.object))
    return ANNOTATION in after and after.get(ANNOTATION) != before.get(ANNOTATION)


def _notes(service: dict | None) -> dict:
    return ((service or {}).get("metadata") or {}).get("annotations") or {}


def _releases(change: Change) -> bool:
    return change.action == "DELETED" and FINALIZER in (change.previous or change.object)["metadata"].get(
        "finalizers", []
    )


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def grounds(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Site]:
    """Both servers; each chapter was lived once without any trouble, so that it is known how it should end."""
    async with site(tmp_path_factory.mktemp("crash")) as made:
        await made.begin()
        made.expected["deleted"] = made.shown()
        for chapter, happens in _chapters(made).items():
            happens()
            await made.settled(chapter)
        yield made


def _chapters(made: Site) -> dict[str, Callable[[], None]]:
    return {"created": made.create, "changed": made.change, "deleted": made.delete}


async def _live(made: Site, troubles: dict[str, Callable[[Callable[[], None]], Awaitable[None]]]) -> None:
    """A whole life; the chapters that are named meet their trouble."""
    try:
        for chapter, happens in _chapters(made).items():
            await troubles[chapter](happens) if chapter in troubles else happens()
            await made.ends_as(chapter, f"{chapter}, with trouble in {', '.join(troubles)}")
    finally:
        made.calm()


def _calling(made: Site, action: str) -> Callable[[Callable[[], None]], Awaitable[None]]:
    async def trouble(happens: Callable[[], None]) -> None:
        made.hold(action)
        happens()
        await made.killed_while_calling(action)
        if action in DOUBLED:
            await made.late_when_all_is_done("created")
        else:
            await made.late_while_the_next_begins()

    return trouble


def _never_written(made: Site, path: str) -> Callable[[Callable[[], None]], Awaitable[None]]:
    async def trouble(happens: Callable[[], None]) -> None:
        made.hang(path)
        happens()
        await made.killed_before(path)

    return trouble


def _written(made: Site, is_it: Callable[[Change], bool]) -> Callable[[Callable[[], None]], Awaitable[None]]:
    async def trouble(happens: Callable[[], None]) -> None:
        with made.killing_at(is_it) as seen:
            happens()
            await made.until(f"{is_it.__name__} is stored", lambda: bool(seen))
            await made.controller.process.wait()
        await made.begin()

    return trouble


@pytest.mark.parametrize(("born", "changed", "gone"), [
    (BORN[0], CHANGED[0], GONE[0]), (BORN[1], CHANGED[1], GONE[1]), (BORN[2], CHANGED[2], None), (BORN[3], None, None),
])  # fmt: skip
async def test_a_process_that_is_killed_with_calls_under_way_leaves_no_trace(grounds, born, changed, gone):
    actions = {"created": born, "changed": changed, "deleted": gone}
    await _live(grounds, {chapter: _calling(grounds, action) for chapter, action in actions.items() if action})


async def test_a_process_that_is_killed_when_a_service_has_just_been_written_goes_on_from_there(grounds):
    await _live(grounds, {
        "created": _written(grounds, _claims), "changed": _written(grounds, _publishes),
        "deleted": _written(grounds, _releases),
    })  # fmt: skip


async def test_a_process_that_is_killed_before_its_write_to_a_service_arrives_writes_it_the_next_time(grounds):
    await _live(grounds, {
        "created": _never_written(grounds, STATUS), "changed": _never_written(grounds, OBJECT),
        "deleted": _never_written(grounds, OBJECT),
    })  # fmt: skip


async def test_a_process_that_is_killed_when_all_is_done_leaves_nothing_to_do_for_the_next(grounds):
    grounds.create()
    await grounds.ends_as("created", "created before the process was killed at rest")
    written = grounds.writes()
    await grounds.kill()
    await grounds.begin()
    await grounds.settled("created")
    assert grounds.writes() == written
    grounds.delete()
    await grounds.ends_as("deleted", "deleted at last")
