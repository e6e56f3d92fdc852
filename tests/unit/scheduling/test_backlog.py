from collections import Counter
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from neurocortex.domain.deployments import Tier
from neurocortex.domain.work import Resources, Work
from neurocortex.scheduling.backlog import Backlog

works = st.builds(
    Work,
    id=st.integers(0, 20).map(lambda number: UUID(int=number)),
    tier=st.sampled_from(Tier),
    tenant=st.sampled_from(["a", "b"]),
    needs=st.builds(Resources, cpu=st.sampled_from([1.0, 2.0])),
    cost=st.just(1.0),
    since=st.floats(0, 9),
    priority=st.integers(0, 2),
)


def test_a_run_is_found_by_its_id_until_it_is_taken_out() -> None:
    backlog = Backlog()
    work = Work(UUID(int=1), Tier.LOW, "acme", Resources(), 1.0, 0.0)
    backlog.add(work)
    assert backlog.get(work.id) == work
    assert work.id in backlog
    backlog.discard(work.id)
    assert backlog.get(work.id) is None
    assert len(backlog) == 0


def test_taking_out_what_is_not_there_changes_nothing() -> None:
    backlog = Backlog()
    backlog.discard(UUID(int=1))
    assert list(backlog) == []


@settings(deadline=None)
@given(st.lists(works), st.lists(st.integers(0, 20)))
def test_the_index_counts_what_a_plain_dict_would(added: list[Work], removed: list[int]) -> None:
    backlog, plain = Backlog(), {work.id: work for work in added}
    for work in added:
        backlog.add(work)
    for number in removed:
        backlog.discard(UUID(int=number))
        plain.pop(UUID(int=number), None)
    assert {work.id: work for work in backlog} == plain
    for tier in Tier:
        of_tier = [work for work in plain.values() if work.tier is tier]
        assert backlog.by_tier()[tier] == len(of_tier)
        counts = Counter(work.tenant for work in of_tier)
        tenants = backlog.tenants(tier)
        assert {
            name: sum(map(len, each.groups.values())) for name, each in tenants.items()
        } == counts
        for each in tenants.values():
            firsts = sorted(group[0] for group in each.groups.values())
            assert list(each.firsts) == firsts
            assert each.first == firsts[0]
        ages = [aged.since for aged in backlog.oldest(tier)]
        assert ages == sorted(work.since for work in of_tier)
