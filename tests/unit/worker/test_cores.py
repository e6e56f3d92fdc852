"""Runs are spread over the cores: no core is idle while another has two runs."""

from hypothesis import given
from hypothesis import strategies as st

from neurocortex.worker.cores import Cores

machines = st.integers(1, 16)


@given(machines, st.integers(-1, 20))
def test_a_run_gets_as_many_cores_as_it_needs_or_is_held_to_none(have: int, asked: int) -> None:
    found = Cores(range(have)).quietest(asked)
    assert len(set(found)) == len(found) == (asked if 0 < asked < have else 0)
    assert set(found) <= set(range(have))


@given(machines, st.lists(st.tuples(st.integers(1, 4), st.booleans()), max_size=30))
def test_a_run_gets_the_cores_with_the_fewest_runs(have: int, runs: list[tuple[int, bool]]) -> None:
    cores, load = Cores(range(have)), dict.fromkeys(range(have), 0)
    for pid, (asked, ends) in enumerate(runs):
        found = cores.quietest(asked)
        others = [load[core] for core in load if core not in found]
        assert all(load[core] <= least for core in found for least in others)
        cores.take(pid, found)
        for core in found:
            load[core] += 1
        if ends:
            cores.give_back(pid)
            for core in found:
                load[core] -= 1


def test_one_core_runs_over_four_cores_leave_none_idle() -> None:
    cores = Cores([0, 1, 2, 3])
    for pid in range(4):
        cores.take(pid, cores.quietest(1))
    cores.give_back(2)
    assert cores.quietest(1) == (2,)


def test_giving_back_twice_or_without_taking_changes_nothing() -> None:
    cores = Cores([4, 5])
    cores.take(1, (4,))
    for pid in (1, 1, 99):
        cores.give_back(pid)
    assert cores.quietest(1) == (4,)
