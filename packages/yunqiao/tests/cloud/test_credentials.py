"""Keys are fetched once for all who wait, renewed ahead of time, and kept while they are valid."""

import asyncio
import logging

import pytest

from yunqiao.cloud.credentials import AGAIN, Credentials
from yunqiao.cloud.sign import AccessKey
from yunqiao.model.errors import Lost


class Issuer:
    """Gives keys that live an hour; counts, holds and fails as a test says. Its clock is the keys' clock."""

    def __init__(self) -> None:
        self.time = 1_000_000.0
        self.fetched = 0
        self.fails: Exception | None = None
        self.open = asyncio.Event()
        self.open.set()

    async def __call__(self) -> AccessKey:
        self.fetched += 1
        number = self.fetched
        await self.open.wait()
        if self.fails:
            raise self.fails
        return AccessKey(f"STS.{number}", "hidden-secret", "hidden-token", self.time + 3600)

    def credentials(self) -> Credentials:
        return Credentials(self, now=lambda: self.time, jitter=lambda: 0.5)


@pytest.fixture
async def issuer() -> Issuer:
    return Issuer()


async def settle() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


async def test_many_who_wait_cause_one_fetch(issuer: Issuer) -> None:
    credentials = issuer.credentials()
    issuer.open.clear()
    waiting = [asyncio.create_task(credentials.get()) for _ in range(50)]
    await settle()
    issuer.open.set()
    assert {key.id for key in await asyncio.gather(*waiting)} == {"STS.1"}
    assert issuer.fetched == 1


async def test_one_who_gives_up_does_not_end_the_fetch_of_the_others(issuer: Issuer) -> None:
    credentials = issuer.credentials()
    issuer.open.clear()
    first, second = (asyncio.create_task(credentials.get()) for _ in range(2))
    await settle()
    first.cancel()
    await settle()
    issuer.open.set()
    assert (await second).id == "STS.1"


async def test_a_key_is_renewed_at_seventy_percent_without_anybody_waiting(issuer: Issuer) -> None:
    credentials = issuer.credentials()
    await credentials.get()
    issuer.time += 2519
    await credentials.get()
    assert issuer.fetched == 1
    issuer.time += 2
    issuer.open.clear()
    assert (await credentials.get()).id == "STS.1"
    assert (await credentials.get()).id == "STS.1"
    issuer.open.set()
    await settle()
    assert (await credentials.get()).id == "STS.2"
    assert issuer.fetched == 2


async def test_the_old_key_serves_while_it_is_valid_and_no_new_one_comes(
    issuer: Issuer, caplog: pytest.LogCaptureFixture
) -> None:
    credentials = issuer.credentials()
    await credentials.get()
    issuer.fails = Lost("no answer")
    issuer.time += 2600
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            assert (await credentials.get()).id == "STS.1"
            await settle()
    assert issuer.fetched == 2
    assert "no new access key: no answer" in caplog.text
    issuer.time += AGAIN
    await credentials.get()
    await settle()
    assert issuer.fetched == 3
    issuer.time += 1000
    with pytest.raises(Lost):
        await credentials.get()


async def test_a_refused_key_is_replaced_once_however_many_were_refused(issuer: Issuer) -> None:
    credentials = issuer.credentials()
    old = await credentials.get()
    renewed = await asyncio.gather(*(credentials.renewed(old) for _ in range(10)))
    assert {key.id for key in renewed} == {"STS.2"}
    assert (await credentials.renewed(old)).id == "STS.2"
    assert issuer.fetched == 2


async def test_a_key_without_an_end_is_never_renewed() -> None:
    fetched = 0

    async def provider() -> AccessKey:
        nonlocal fetched
        fetched += 1
        return AccessKey("LTAI", "s")

    now = 0.0
    credentials = Credentials(provider, now=lambda: now)
    await credentials.get()
    now = 1e12
    await credentials.get()
    assert fetched == 1
