"""What a tenant has left of a day's tokens, in a real Redis."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from neurocortex.domain.usage import Usage
from neurocortex.errors import LedgerUnavailableError, TenantBudgetSpentError
from neurocortex.settings import Settings
from neurocortex.spending.meter import Meter
from neurocortex.spending.tenants import TenantTokens, tokens_of
from tests.integration.conftest import MortalRedis


def test_what_is_taken_is_gone_and_what_is_given_back_is_there(redis_url: str) -> None:
    TenantTokens(redis_url, "acme", 100).take(60)
    other_process = TenantTokens(redis_url, "acme", 100)
    with pytest.raises(TenantBudgetSpentError, match="has 40 of its 100 tokens left") as told:
        other_process.take(41)
    assert 0 < told.value.retry_after_s <= 86_400
    other_process.take(40)
    other_process.give_back(30)
    other_process.take(30)
    TenantTokens(redis_url, "another", 100).take(100)


def test_processes_that_take_at_once_do_not_overdraw(redis_url: str) -> None:
    def take(_: int) -> int:
        try:
            TenantTokens(redis_url, "acme", 100).take(10)
        except TenantBudgetSpentError:
            return 0
        return 1

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(take, range(30))) <= 10
    with pytest.raises(TenantBudgetSpentError):
        TenantTokens(redis_url, "acme", 100).take(101)


def test_what_a_call_used_beyond_its_room_is_counted(redis_url: str) -> None:
    meter = Meter(None, TenantTokens(redis_url, "acme", 100))
    room = meter.reserve(10, 20)
    room.settle(Usage(calls=1, prompt_tokens=50, completion_tokens=20))
    with pytest.raises(TenantBudgetSpentError, match="has 30 of its 100"):
        meter.reserve(20, 20)
    assert meter.reserve(10, 20).answer == 20, "what was refused is not counted"


def test_without_redis_nothing_is_begun_and_nothing_is_lost(
    mortal_redis: MortalRedis, caplog: pytest.LogCaptureFixture
) -> None:
    meter = Meter(None, TenantTokens(mortal_redis.url, "acme", 100))
    room = meter.reserve(10, 20)
    mortal_redis.kill()
    room.settle(Usage(calls=1, prompt_tokens=5, completion_tokens=5))
    assert "stays counted" in caplog.text
    assert meter.spent.tokens == 10
    with pytest.raises(LedgerUnavailableError, match="The count of tokens"):
        meter.reserve(10, 20)


def test_a_limit_is_there_where_the_settings_set_one() -> None:
    assert tokens_of("acme", Settings()) is None
