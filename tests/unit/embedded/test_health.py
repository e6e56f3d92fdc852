"""When a service counts as hung."""

import threading
import time
from collections.abc import Callable, Iterator

from neurocortex.embedded.health import HealthCheck
from neurocortex.errors import ServiceError
from neurocortex.settings import EmbeddedSettings

QUICK = EmbeddedSettings(health_every_s=0.001, health_timeout_s=0.05, health_failures=3)


def verdict(is_alive: Callable[[float], bool], asked: Callable[[], bool]) -> str | None:
    """Look until something is wrong, or until it was asked enough."""
    check = HealthCheck(is_alive, QUICK)
    deadline = time.monotonic() + 10
    while (wrong := check.look()) is None and not asked():
        assert time.monotonic() < deadline, "it is asked again and again"
        time.sleep(0.001)
    return wrong


class Answers:
    """Gives these answers, then good ones."""

    def __init__(self, *answers: bool) -> None:
        self.given = 0
        self._answers: Iterator[bool] = iter(answers)

    def __call__(self, timeout_s: float) -> bool:
        assert timeout_s == QUICK.health_timeout_s
        self.given += 1
        return next(self._answers, True)


def test_bad_answers_in_a_row_are_too_many() -> None:
    answers = Answers(True, False, False, False)
    wrong = verdict(answers, lambda: answers.given > 6)
    assert wrong == "failed 3 health checks in a row"
    assert answers.given == 4


def test_a_good_answer_between_bad_ones_is_enough() -> None:
    answers = Answers(False, False, True, False, False)
    assert verdict(answers, lambda: answers.given > 6) is None


def test_an_answer_that_does_not_come_is_a_bad_one() -> None:
    never = threading.Event()

    def hang(timeout_s: float) -> bool:
        return never.wait(100 * timeout_s)

    try:
        assert verdict(hang, lambda: False) == "failed 3 health checks in a row"
    finally:
        never.set()


def test_a_service_that_refuses_us_is_no_good_answer() -> None:
    def refuse(timeout_s: float) -> bool:
        raise ServiceError("postgres", f"refuses the password within {timeout_s} s")

    assert verdict(refuse, lambda: False) == "failed 3 health checks in a row"


def test_asking_never_waits() -> None:
    slow = threading.Event()
    check = HealthCheck(slow.wait, EmbeddedSettings(health_every_s=0.001))
    time.sleep(0.002)
    began = time.monotonic()
    assert check.look() is None
    assert check.look() is None
    assert time.monotonic() - began < 0.5
    slow.set()
