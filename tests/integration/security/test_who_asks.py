"""Authentication as a gateway has it: PostgreSQL, Redis, and credentials of all kinds."""

import asyncio
import threading
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import jwt
import pytest
from sqlalchemy import event

from neurocortex.domain.deployments import Tier
from neurocortex.errors import (
    ForbiddenError,
    LakeUnavailableError,
    LockedOutError,
    UnauthenticatedError,
    WrongCredentialError,
)
from neurocortex.security.api_key import KeyGrant
from neurocortex.security.authenticate import Authenticator
from neurocortex.security.key_store import ApiKeys
from neurocortex.security.keys import NewKey, checksum, new_key
from neurocortex.security.revocations import announce
from neurocortex.security.roles import Role, Scope
from neurocortex.security.stack import security
from neurocortex.settings import SecuritySettings, Settings
from tests.integration.conftest import MortalRedis

MakeGrant = Callable[..., KeyGrant]

HOME: Final = "192.0.2.1"
STRANGER: Final = "198.51.100.7"
NOWHERE: Final = "redis://127.0.0.1:9/0"
SECRET: Final = "a secret of more than thirty-two bytes"
CACHE_S: Final = 60.0
"""Long: what is seen sooner was told."""


@asynccontextmanager
async def gateway(keys_url: str, redis_url: str, **chosen: object) -> AsyncGenerator[Authenticator]:
    group = SecuritySettings.model_validate({"key_cache_s": CACHE_S, **chosen})
    async with security(Settings(security=group), keys_url, redis_url) as opened:
        yield opened.authenticator


def bearer(key: NewKey) -> str:
    return f"Bearer {key.text.get_secret_value()}"


def wrong_secret(key: NewKey) -> str:
    """Return a whole key with the id of another."""
    secret = new_key().text.get_secret_value().rpartition("_")[2][:-6]
    body = f"nc_{key.id}_{secret}"
    return f"Bearer {body}{checksum(body)}"


async def is_refused(authenticator: Authenticator, header: str, address: str) -> str:
    with pytest.raises(UnauthenticatedError) as caught:
        await authenticator.authenticate(header, address)
    return str(caught.value)


def test_a_key_tells_who_asks(
    keys: ApiKeys, grant: MakeGrant, keys_url: str, redis_url: str
) -> None:
    made = keys.create(grant(Role.OPERATOR, tenant="acme"))

    async def story() -> None:
        async with gateway(keys_url, redis_url) as authenticator:
            who = await authenticator.authenticate(bearer(made), HOME)
            assert (who.subject, who.tenant, who.role) == (made.id, "acme", Role.OPERATOR)
            assert (who.key_id, who.ceiling, who.expires_at) == (made.id, Tier.HIGH, None)
            assert await authenticator.authenticate(made.text.get_secret_value(), HOME) == who
            with pytest.raises(ForbiddenError):
                who.require(Scope.KEYS_ADMIN)

    asyncio.run(story())


def test_an_id_that_exists_and_one_that_does_not_get_the_same_answer(
    keys: ApiKeys, grant: MakeGrant, keys_url: str, redis_url: str
) -> None:
    made = keys.create(grant())

    async def story() -> None:
        async with gateway(keys_url, redis_url) as authenticator:
            known = await is_refused(authenticator, wrong_secret(made), HOME)
            assert await is_refused(authenticator, bearer(new_key()), HOME) == known
            assert made.id not in known

    asyncio.run(story())


def test_an_expired_or_revoked_key_is_refused_and_told_to_who_holds_it_only(
    keys: ApiKeys, grant: MakeGrant, keys_url: str, redis_url: str
) -> None:
    past = datetime.now(UTC) - timedelta(seconds=1)
    expired, revoked = keys.create(grant(expires_at=past)), keys.create(grant())
    keys.revoke(revoked.id)

    async def story() -> None:
        async with gateway(keys_url, redis_url) as authenticator:
            for _ in range(5):  # a client that was not told: no guess, so no lock
                assert "is expired" in await is_refused(authenticator, bearer(expired), HOME)
                assert "is revoked" in await is_refused(authenticator, bearer(revoked), HOME)
            assert "not valid" in await is_refused(authenticator, wrong_secret(expired), HOME)

    asyncio.run(story())


def test_a_key_that_expires_is_not_believed_a_moment_longer(
    keys: ApiKeys, grant: MakeGrant, keys_url: str, redis_url: str
) -> None:
    ends = datetime.now(UTC) + timedelta(seconds=1)
    made = keys.create(grant(expires_at=ends))

    async def story() -> None:
        async with gateway(keys_url, redis_url) as authenticator:
            await authenticator.authenticate(bearer(made), HOME)
            await asyncio.sleep((ends - datetime.now(UTC)).total_seconds() + 0.01)
            assert "is expired" in await is_refused(authenticator, bearer(made), HOME)

    asyncio.run(story())


@pytest.mark.parametrize("redis", ["there", "gone"])
def test_three_guesses_lock_a_stranger_and_not_the_owner(
    redis: str, keys: ApiKeys, grant: MakeGrant, keys_url: str, redis_url: str
) -> None:
    made = keys.create(grant())

    async def story() -> None:
        url = redis_url if redis == "there" else NOWHERE
        async with gateway(keys_url, url) as authenticator:
            for _ in range(3):
                with pytest.raises(WrongCredentialError):
                    await authenticator.authenticate(wrong_secret(made), STRANGER)
            for header in (wrong_secret(made), bearer(made)):  # also with the right secret
                with pytest.raises(LockedOutError) as caught:
                    await authenticator.authenticate(header, STRANGER)
                assert 0 < caught.value.retry_after_s <= 900
            await authenticator.authenticate(bearer(made), HOME)

    asyncio.run(story())


def test_a_lock_holds_for_credentials_that_were_believed_a_moment_ago(
    keys: ApiKeys, grant: MakeGrant, keys_url: str, redis_url: str
) -> None:
    made = keys.create(grant())

    async def story() -> None:
        async with gateway(keys_url, redis_url) as authenticator:
            await authenticator.authenticate(bearer(made), HOME)
            for _ in range(3):
                await is_refused(authenticator, wrong_secret(made), HOME)
            with pytest.raises(LockedOutError):
                await authenticator.authenticate(bearer(made), HOME)

    asyncio.run(story())


def test_a_mistyped_key_and_nothing_at_all(keys_url: str, redis_url: str, keys: ApiKeys) -> None:
    async def story() -> None:
        async with gateway(keys_url, redis_url) as authenticator:
            for _ in range(40):  # a browser without a key must not lock its address
                assert "Bearer" in await is_refused(authenticator, "", HOME)
            typo = bearer(new_key())[:-1]
            for _ in range(3):
                assert "mistyped" in await is_refused(authenticator, typo, HOME)
            with pytest.raises(LockedOutError):
                await authenticator.authenticate(typo, HOME)

    asyncio.run(story())


def test_a_revocation_reaches_every_gateway_at_once(
    keys: ApiKeys, grant: MakeGrant, keys_url: str, redis_url: str
) -> None:
    made, other = keys.create(grant()), keys.create(grant())

    async def is_in(authenticator: Authenticator) -> bool:
        try:
            await authenticator.authenticate(bearer(made), HOME)
        except UnauthenticatedError:
            return False
        return True

    async def story() -> None:
        async with (
            gateway(keys_url, redis_url) as one,
            gateway(keys_url, redis_url) as two,
            asyncio.timeout(10),
        ):
            for each in (one, two):
                await each.authenticate(bearer(other), HOME)
                assert await is_in(each)
            await asyncio.to_thread(keys.revoke, made.id)
            while await is_in(one) or await is_in(two):
                await asyncio.to_thread(announce, redis_url, made.id)  # they may still connect
                await asyncio.sleep(0.01)
            await one.authenticate(bearer(other), HOME)

    asyncio.run(story())


def test_without_a_notice_a_revocation_is_seen_after_the_caches_time(
    keys: ApiKeys, grant: MakeGrant, keys_url: str
) -> None:
    made = keys.create(grant())

    async def story() -> None:
        async with gateway(keys_url, NOWHERE, key_cache_s=0.3) as authenticator:
            await authenticator.authenticate(bearer(made), HOME)
            await asyncio.to_thread(keys.revoke, made.id)
            await authenticator.authenticate(bearer(made), HOME)
            await asyncio.sleep(0.31)
            assert "is revoked" in await is_refused(authenticator, bearer(made), HOME)

    asyncio.run(story())


def test_requests_at_the_same_moment_are_one_look_at_the_database(
    keys: ApiKeys, grant: MakeGrant, keys_url: str, redis_url: str
) -> None:
    made = keys.create(grant())

    async def story() -> None:
        group = SecuritySettings(key_cache_s=CACHE_S)
        async with security(Settings(security=group), keys_url, redis_url) as opened:
            looks: list[str] = []
            event.listen(
                opened.keys.engine, "before_cursor_execute", lambda *call: looks.append(call[2])
            )
            calls = [opened.authenticator.authenticate(bearer(made), HOME) for _ in range(100)]
            tasks = [asyncio.create_task(call) for call in calls]
            await asyncio.sleep(0)
            tasks[0].cancel()  # who gives up does not take the others along
            done = await asyncio.gather(*tasks, return_exceptions=True)
            assert isinstance(done[0], asyncio.CancelledError)
            assert all(who == done[1] for who in done[1:])
            assert len([look for look in looks if "api_keys" in look]) == 1

    asyncio.run(story())


def test_while_postgres_is_away_nobody_is_told_that_a_key_is_wrong(
    redis_url: str,
) -> None:
    async def story() -> None:
        async with gateway("postgresql://nobody@127.0.0.1:9/none", redis_url) as authenticator:
            for _ in range(4):  # and it counts towards no lock
                with pytest.raises(LakeUnavailableError):
                    await authenticator.authenticate(bearer(new_key()), HOME)

    asyncio.run(story())


def test_redis_may_die_and_come_back(
    keys: ApiKeys, grant: MakeGrant, keys_url: str, mortal_redis: MortalRedis
) -> None:
    made = keys.create(grant())

    async def story() -> None:
        async with gateway(keys_url, mortal_redis.url, key_cache_s=0) as authenticator:
            await authenticator.authenticate(bearer(made), HOME)
            mortal_redis.kill()
            began = time.monotonic()
            for _ in range(10):
                await authenticator.authenticate(bearer(made), HOME)
            assert time.monotonic() - began < 3
            mortal_redis.start()
            await authenticator.authenticate(bearer(made), HOME)

    asyncio.run(story())


def test_a_token_tells_who_asks_and_guesses_at_it_lock(
    keys_url: str, redis_url: str, tmp_path: Path
) -> None:
    issuers = tmp_path / "issuers.toml"
    issuers.write_text(
        '[[issuer]]\nissuer = "batch"\naudience = "nc"\nalgorithms = ["HS256"]\n'
        f'key = "{SECRET}"\nhighest_role = "admin"\n'
    )
    now = int(time.time())
    claims = {"iss": "batch", "aud": "nc", "sub": "nightly", "tenant": "acme", "role": "admin"}
    claims_now = {**claims, "iat": now, "exp": now + 60}

    async def story() -> None:
        async with gateway(
            keys_url, redis_url, issuers=issuers, admin_tier="high"
        ) as authenticator:
            header = f"Bearer {jwt.encode(claims_now, SECRET)}"
            who = await authenticator.authenticate(header, HOME)
            assert (who.subject, who.tenant, who.role) == ("nightly", "acme", Role.ADMIN)
            assert (who.issuer, who.ceiling, who.key_id) == ("batch", Tier.HIGH, None)
            # The first may have come before revocations were heard of; then it is not believed.
            known = await authenticator.authenticate(header, HOME)
            assert await authenticator.authenticate(header, HOME) is known
            guess = f"Bearer {jwt.encode(claims_now, SECRET[::-1])}"
            for _ in range(3):
                with pytest.raises(WrongCredentialError):
                    await authenticator.authenticate(guess, STRANGER)
            with pytest.raises(LockedOutError):
                await authenticator.authenticate(header, STRANGER)
            await authenticator.authenticate(header, HOME)
            for _ in range(5):
                wrong_role = jwt.encode({**claims_now, "role": "root"}, SECRET)
                with pytest.raises(ForbiddenError, match="names no role"):
                    await authenticator.authenticate(f"Bearer {wrong_role}", HOME)

    asyncio.run(story())


def test_a_key_that_is_revoked_while_it_is_verified_is_not_believed_again(
    keys: ApiKeys, grant: MakeGrant, keys_url: str, redis_url: str
) -> None:
    made = keys.create(grant())

    async def story() -> None:
        group = SecuritySettings.model_validate({"key_cache_s": CACHE_S})
        async with security(Settings(security=group), keys_url, redis_url) as opened:
            here, told = asyncio.get_running_loop(), threading.Event()

            def hear() -> None:
                opened.authenticator.forget_key(made.id)
                told.set()

            def revoked_after_the_look(*call: object) -> None:
                if "api_keys" in str(call[2]) and not told.is_set():
                    keys.revoke(made.id)
                    here.call_soon_threadsafe(hear)
                    assert told.wait(10)

            event.listen(opened.keys.engine, "after_cursor_execute", revoked_after_the_look)
            await opened.authenticator.authenticate(bearer(made), HOME)
            assert "is revoked" in await is_refused(opened.authenticator, bearer(made), HOME)

    asyncio.run(story())
