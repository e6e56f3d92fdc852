"""Rows that could not be taken apart, of datasets with personal data."""

from datetime import UTC, datetime

import pytest

from neurocortex.datasets.protection import Protection
from neurocortex.domain.quarantine import Quarantined
from neurocortex.lake.quarantine import MAX_PAYLOAD_CHARS
from neurocortex.privacy.classes import DataClass
from neurocortex.privacy.finding import Finder
from neurocortex.privacy.frames import ColumnHider
from neurocortex.privacy.hiding import Place, revealed
from neurocortex.privacy.keys import generate
from neurocortex.privacy.policies import Action, text_policy
from neurocortex.security.roles import Role

KEYS = generate(datetime(2026, 1, 1, tzinfo=UTC))
SCAN = text_policy(Action.REDACT, indirect=False)


def shown(payload: str) -> str:
    """Return what an operator gets back of a malformed row, as quarantine keeps it."""
    policies = {"email": DataClass.PERSONAL}
    protection = Protection(ColumnHider("people", "acme", policies, lambda: KEYS, Finder(), SCAN))
    refused = Quarantined(source="/a.csv", row=1, rule="malformed_row", reason="?", payload=payload)
    kept = protection.malformed(refused).payload[:MAX_PAYLOAD_CHARS]
    return revealed(kept, Place("acme", "people.row"), KEYS, Role.OPERATOR)


@pytest.mark.parametrize("letter", ["x", "é", "語", "😀"])
def test_of_a_long_row_the_beginning_can_be_decrypted(letter: str) -> None:
    row = "1" + letter * MAX_PAYLOAD_CHARS
    beginning = shown(row)
    assert row.startswith(beginning)
    assert 0.74 < len(beginning.encode()) / MAX_PAYLOAD_CHARS < 0.75


def test_a_short_row_is_kept_whole() -> None:
    assert shown("5,Zoë,zoe@example.com,of,these") == "5,Zoë,zoe@example.com,of,these"
