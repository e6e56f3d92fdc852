"""Namespaces share the memory by what more room brings each."""

import random
from itertools import accumulate

from hypothesis import given
from hypothesis import strategies as st

from neurocortex.cache.shares import MOST_PARTS, Shares

CAPACITY = 100_000


def hits(shares: Shares, requests: list[tuple[str, str, int]]) -> float:
    found = 0
    for namespace, key, weight in requests:
        if shares.part(namespace).policy.request(key):
            found += 1
        else:
            shares.add(namespace, key, weight)
            assert shares.weight <= CAPACITY
    return found / len(requests)


def mixed() -> list[tuple[str, str, int]]:
    """Small values that many ask for, and large ones of which each is asked for more often."""
    pick = random.Random(1)
    small = [*accumulate((number + 1) ** -0.7 for number in range(2000))]
    requests = []
    for _ in range(40_000):
        if pick.random() < 0.85:
            number = pick.choices(range(2000), cum_weights=small)[0]
            requests.append(("small", f"small {number}", 100))
        else:
            requests.append(("large", f"large {pick.randrange(40)}", 8_000))
    return requests


def test_what_brings_more_hits_for_its_bytes_gets_more_of_them() -> None:
    requests = mixed()
    assert hits(Shares(CAPACITY), requests) > hits(Shares(CAPACITY, most_parts=1), requests) + 0.15


def test_a_namespace_alone_has_everything() -> None:
    alone = Shares(CAPACITY)
    for number in range(1000):
        alone.add("only", str(number), 100)
    assert alone.weight == CAPACITY


def test_room_that_is_not_used_is_lent_and_given_back() -> None:
    shares = Shares(CAPACITY)
    shares.add("idle", "one", 100)
    for number in range(2000):
        shares.add("busy", str(number), 100)
    assert shares.weight == CAPACITY
    assert shares.part("idle").policy.request("one")
    for number in range(400):
        shares.add("idle", f"idle {number}", 100)
    found = sum(shares.part("idle").policy.request(f"idle {number}") for number in range(400))
    assert found == 400, "its own half is free for it at once"


def test_more_namespaces_than_parts_share_the_last_one() -> None:
    shares = Shares(CAPACITY)
    for number in range(3 * MOST_PARTS):
        shares.add(f"namespace {number}", str(number), 10)
        assert shares.part(f"namespace {number}").policy.request(str(number))
    shares.remove(f"namespace {3 * MOST_PARTS - 1}", str(3 * MOST_PARTS - 1))
    assert shares.weight == 10 * (3 * MOST_PARTS - 1)


calls = st.tuples(
    st.sampled_from(["add", "remove", "request"]),
    st.sampled_from(["a", "b", "c"]),
    st.integers(0, 20),
    st.integers(0, 60_000),
)


@given(st.lists(calls, max_size=200))
def test_it_never_keeps_more_than_fits_and_says_what_it_drops(
    story: list[tuple[str, str, int, int]],
) -> None:
    shares = Shares(CAPACITY)
    kept: dict[str, int] = {}
    for call, namespace, number, weight in story:
        key = f"{namespace} {number}"
        if call == "request":
            assert shares.part(namespace).policy.request(key) is (key in kept)
        elif call == "remove":
            shares.remove(namespace, key)
            kept.pop(key, None)
        else:
            kept[key] = weight
            for gone in shares.add(namespace, key, weight):
                del kept[gone]
        assert shares.weight == sum(kept.values()) <= CAPACITY
