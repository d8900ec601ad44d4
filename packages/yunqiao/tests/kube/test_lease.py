import asyncio
import contextlib
import copy
from collections import Counter

import pytest

from yunqiao.kube.claim import Terms
from yunqiao.kube.lease import Election, LeadershipLost
from yunqiao.kube.lock import LEADER, locks
from yunqiao.model.errors import Lost, Stale
from yunqiao.model.kubernetes import CONFIG_MAP, ENDPOINTS_AS_WRITTEN, LEASE


class Store:
    """Objects in memory, under resourceVersions as the API server keeps them."""

    def __init__(self):
        self.things = {}
        self.versions = 0
        self.hangs = False
        self.loses = 0
        self.calls = Counter()

    async def _reached(self, verb):
        self.calls[verb] += 1
        if self.hangs:
            await asyncio.Event().wait()
        if self.loses:
            self.loses -= 1
            raise Lost("connection reset")

    async def get(self, kind, namespace, name):
        await self._reached("get")
        return copy.deepcopy(self.things.get((kind.name, namespace, name)))

    async def create(self, kind, namespace, body):
        await self._reached("create")
        if (kind, namespace, body["metadata"]["name"]) in self.things:
            raise Stale("exists")
        self._put((kind, namespace, body["metadata"]["name"]), body)

    async def update(self, kind, body):
        await self._reached("update")
        key = (kind.name, body["metadata"]["namespace"], body["metadata"]["name"])
        if self.things[key]["metadata"]["resourceVersion"] != body["metadata"]["resourceVersion"]:
            raise Stale("modified")
        self._put(key, body)

    def _put(self, key, body):
        self.versions += 1
        self.things[key] = copy.deepcopy(dict(body))
        self.things[key]["metadata"]["resourceVersion"] = str(self.versions)

    @property
    def lease(self):
        return self.things[("Lease", "kube-system", "ccm")]

    def held_by(self, holder, **more):
        """Somebody else writes the Lease, as client-go would."""
        spec = {"holderIdentity": holder, "leaseDurationSeconds": 15, "renewTime": f"version {self.versions}", **more}
        old = self.things.get(
            ("Lease", "kube-system", "ccm"), {"metadata": {"name": "ccm", "namespace": "kube-system"}}
        )
        self._put(("Lease", "kube-system", "ccm"), {**old, "spec": {**old.get("spec", {}), **spec}})


class Candidate:
    """An election under way; `end()` lets its work return."""

    def __init__(self, store, clock, identity="us", **how):
        self.election = Election(store, clock, identity=identity, jitter=lambda: 0.0, **how)
        self.finish = asyncio.Event()
        self.worked = self.working = False
        self.stubborn = 0.0
        self.clock = clock
        self.task = asyncio.ensure_future(self.election.run(self._lead))

    async def _lead(self):
        self.worked = self.working = True
        try:
            await self.finish.wait()
        finally:
            if self.stubborn:
                with contextlib.suppress(asyncio.CancelledError):
                    await self.clock.sleep(self.stubborn)
            self.working = False


@pytest.fixture
def store():
    return Store()


@pytest.fixture
async def candidate(store, clock):
    candidates = []

    def make(identity="us", **how):
        candidates.append(Candidate(how.pop("store", store), clock, identity, **how))
        return candidates[-1]

    yield make
    for each in candidates:
        each.task.cancel()
        store.hangs = False
        await clock.advance(30)
        with contextlib.suppress(asyncio.CancelledError, LeadershipLost):
            await each.task


async def test_the_first_candidate_makes_the_lease_and_leads(store, clock, candidate):
    us = candidate()
    await clock.settle()
    assert us.working
    assert us.election.leading
    spec = store.lease["spec"]
    assert spec["holderIdentity"] == "us"
    assert (spec["leaseDurationSeconds"], spec["leaseTransitions"]) == (15, 0)
    assert len(spec["renewTime"]) == len("2026-11-22T19:50:59.000000Z")
    assert not us.election.after_ours


async def test_a_leader_renews_and_a_second_candidate_waits(store, clock, candidate):
    us = candidate()
    await clock.settle()
    them = candidate("them")
    renewals = set()
    for _ in range(60):
        await clock.advance(1)
        renewals.add(store.lease["spec"]["renewTime"])
    assert us.working
    assert not them.worked
    assert len(renewals) > 25
    assert store.lease["spec"]["leaseTransitions"] == 0


async def test_a_candidate_waits_out_the_duration_that_the_holder_promised(store, clock, candidate):
    store.held_by("incumbent", leaseTransitions=4, leaseDurationSeconds=30)
    us = candidate()
    await clock.advance(29)
    assert not us.worked
    await clock.advance(3)
    assert us.working
    assert store.lease["spec"]["leaseTransitions"] == 5
    assert not us.election.after_ours


async def test_a_holder_that_renews_is_never_overtaken_whatever_its_clock_says(store, clock, candidate):
    us = candidate()
    for _ in range(40):
        store.held_by("incumbent")
        await clock.advance(5)
    assert not us.worked


async def test_an_api_server_that_hangs_ends_leadership_within_the_renew_deadline(store, clock, candidate):
    us = candidate()
    await clock.advance(7)
    store.hangs = True
    renewed = us.election._renewed
    await clock.advance(renewed + 9.9 - clock.now())
    assert us.working
    await clock.advance(0.2)
    assert not us.working
    await clock.advance(2)
    with pytest.raises(LeadershipLost, match="could not be renewed for 10 s"):
        us.task.result()


async def test_an_api_server_that_resets_connections_ends_leadership_within_the_renew_deadline(store, clock, candidate):
    us = candidate()
    await clock.advance(7)
    store.loses = 1000
    await clock.advance(10)
    assert not us.working
    assert isinstance(us.task.exception(), LeadershipLost)


async def test_a_short_outage_is_survived(store, clock, candidate):
    us = candidate()
    await clock.advance(7)
    store.loses = 3
    await clock.advance(60)
    assert us.working


async def test_there_are_never_two_leaders_while_the_api_server_hangs_for_one(store, clock, candidate):
    cut_off = Store()
    cut_off.things = store.things
    us = candidate(store=cut_off)
    await clock.settle()
    them = candidate("them")
    await clock.advance(20)
    cut_off.hangs = True
    for _ in range(300):
        await clock.advance(0.1)
        assert not (us.working and them.working)
    assert them.working


async def test_work_that_will_not_end_has_the_rest_of_the_lease_and_no_more(store, clock, candidate):
    us = candidate()
    us.stubborn = 1000
    await clock.advance(7)
    store.hangs = True
    await clock.advance(us.election._renewed + 15.1 - clock.now())
    assert isinstance(us.task.exception(), LeadershipLost)
    assert us.election.leading


async def test_a_lease_that_somebody_else_took_ends_leadership_at_once(store, clock, candidate):
    us = candidate()
    await clock.settle()
    store.held_by("usurper")
    await clock.advance(2)
    assert not us.working
    with pytest.raises(LeadershipLost, match="Lease kube-system/ccm is held by usurper now"):
        us.task.result()
    assert store.lease["spec"]["holderIdentity"] == "usurper"


async def test_a_process_that_was_stopped_for_longer_than_the_deadline_does_not_lead_on(store, clock, candidate):
    us = candidate()
    await clock.settle()
    calls = store.calls["update"]
    clock.time += 60
    await clock.advance(2)
    assert not us.working
    assert store.calls["update"] <= calls + 1  # the release, and no renewal
    assert isinstance(us.task.exception(), LeadershipLost)


async def test_a_clean_exit_releases_the_lease_and_the_next_leads_at_its_next_try(store, clock, candidate):
    us = candidate()
    await clock.settle()
    them = candidate("them")
    await clock.advance(5)
    us.finish.set()
    await clock.settle()
    assert us.task.result() is None
    assert store.lease["spec"]["holderIdentity"] == ""
    await clock.advance(2)
    assert them.working
    assert store.lease["spec"]["leaseTransitions"] == 1
    assert them.election.after_ours


async def test_a_cancelled_leader_keeps_the_lease_until_its_work_has_ended(store, clock, candidate):
    us = candidate()
    us.stubborn = 40
    await clock.settle()
    them = candidate("them")
    us.task.cancel()
    await clock.advance(39)
    assert us.working
    assert not them.worked
    await clock.advance(4)
    assert us.task.cancelled()
    assert them.working


async def test_work_that_fails_releases_the_lease_and_its_error_comes_out(store, clock):
    async def fail():
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await Election(store, clock, identity="us").run(fail)
    assert store.lease["spec"]["holderIdentity"] == ""


async def test_unknown_fields_of_the_lease_survive(store, clock, candidate):
    store.held_by("", preferredHolder="somebody")
    store.lease["metadata"]["labels"] = {"team": "net"}
    candidate()
    await clock.settle()
    assert store.lease["spec"]["preferredHolder"] == "somebody"
    assert store.lease["metadata"]["labels"] == {"team": "net"}


async def test_a_leader_after_another_controller_knows_that_it_was_not_ours(store, clock, candidate):
    first = candidate("first")
    await clock.settle()
    first.finish.set()
    await clock.settle()
    store.held_by("incumbent", leaseTransitions=1)
    us = candidate()
    await clock.advance(18)
    assert us.working
    assert not us.election.after_ours


@pytest.mark.parametrize(("flag", "kind"), [("endpoints", ENDPOINTS_AS_WRITTEN), ("configmapsleases", CONFIG_MAP)])
async def test_with_a_legacy_lock_both_locks_must_be_held(store, clock, candidate, flag, kind):
    record = (
        '{"holderIdentity":"old","leaseDurationSeconds":15,"leaderTransitions":2,"renewTime":"2026-11-22T19:50:59Z"}'
    )
    place = {"name": "ccm", "namespace": "kube-system", "annotations": {LEADER: record, "other": "kept"}}
    store._put((kind.name, "kube-system", "ccm"), {"metadata": place, "subsets": []})
    us = candidate(locks=locks(flag))
    await clock.advance(14)
    assert not us.worked
    await clock.advance(4)
    assert us.working
    thing = store.things[(kind.name, "kube-system", "ccm")]
    assert '"holderIdentity":"us"' in thing["metadata"]["annotations"][LEADER]
    assert '"leaderTransitions":3' in thing["metadata"]["annotations"][LEADER]
    assert thing["metadata"]["annotations"]["other"] == "kept"
    assert thing["subsets"] == []
    us.finish.set()
    await clock.settle()
    for lock in (LEASE.name, kind.name):
        assert '"holderIdentity":"us"' not in str(store.things[(lock, "kube-system", "ccm")])


async def test_a_legacy_lock_that_is_lost_ends_leadership(store, clock, candidate):
    us = candidate(locks=locks("endpoints"))
    await clock.settle()
    assert us.working
    thing = copy.deepcopy(store.things[("Endpoints", "kube-system", "ccm")])
    thing["metadata"]["annotations"][LEADER] = '{"holderIdentity":"old","leaseDurationSeconds":15}'
    store._put(("Endpoints", "kube-system", "ccm"), thing)
    await clock.advance(2)
    assert not us.working
    assert "Endpoints kube-system/ccm is held by old now" in str(us.task.exception())


def test_terms_that_would_allow_two_leaders_are_refused():
    with pytest.raises(ValueError, match="--leader-elect-lease-duration"):
        Terms(lease=10, renew=10, retry=2)


async def test_over_a_real_socket_a_hang_ends_leadership_and_the_next_candidate_takes_over(server, connect):
    from yunqiao.engine.clock import MonotonicClock

    terms = Terms(lease=1.0, renew=0.5, retry=0.1)
    us = Candidate(await connect(timeout=0.3), MonotonicClock(), "us", terms=terms)
    async with asyncio.timeout(3):
        while not us.working:
            await asyncio.sleep(0.01)
        server.hang()
        with pytest.raises(LeadershipLost):
            await us.task
    assert not us.working
    server.faults.clear()
    them = Candidate(await connect(timeout=0.3), MonotonicClock(), "them", terms=terms)
    async with asyncio.timeout(3):
        while not them.working:
            await asyncio.sleep(0.01)
        them.finish.set()
        await them.task
    spec = server.objects[("leases", "kube-system", "ccm")]["spec"]
    assert (spec["holderIdentity"], spec["leaseTransitions"]) == ("", 1)
