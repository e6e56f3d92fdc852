"""Columns of a table hidden by a dataset's `privacy`."""

from collections.abc import Mapping
from datetime import UTC, datetime

import pandas as pd
import pytest
from pydantic import ValidationError

from neurocortex.datasets.spec import DatasetSpec
from neurocortex.privacy.classes import DataClass
from neurocortex.privacy.finding import Finder
from neurocortex.privacy.frames import ColumnHider
from neurocortex.privacy.hiding import Place, revealed
from neurocortex.privacy.keys import generate
from neurocortex.privacy.policies import Action, text_policy
from neurocortex.security.roles import Role

KEYS = generate(datetime(2026, 1, 1, tzinfo=UTC))
POLICIES: Mapping[str, Action | DataClass] = {
    "name": Action.REDACT,
    "card": Action.MASK,
    "email": Action.HASH,
    "phone": DataClass.SECRET,
    "note": Action.SCAN,
    "shop": Action.KEEP,
}


def hider() -> ColumnHider:
    policy = text_policy(Action.REDACT, indirect=False)
    return ColumnHider("orders", "acme", POLICIES, lambda: KEYS, Finder(), policy)


def table() -> pd.DataFrame:
    rows = {
        "name": ["Ann", None, "Tom"],
        "card": ["4111-1111-1111-1234", "5500-0000-0000-0004", None],
        "email": ["ann@example.com", "Ann@Example.com", "tom@example.com"],
        "phone": ["+44 20 7946 0958", "+44 20 7946 0958", None],
        "note": ["call Tom Harrison", "nothing", None],
        "shop": ["north", "south", "north"],
        "size": ["1", "2", "3"],
    }
    return pd.DataFrame(rows, index=[3, 5, 9], dtype="str")


def test_each_column_is_hidden_by_its_policy() -> None:
    plain = table()
    hidden = hider().frame(plain)
    assert hidden["name"].fillna("-").tolist() == ["<NAME>", "-", "<NAME>"]
    assert hidden["card"].fillna("-").tolist() == [
        "****-****-****-1234",
        "****-****-****-0004",
        "-",
    ]
    assert hidden["email"].iloc[0] == hidden["email"].iloc[1] != hidden["email"].iloc[2]
    assert hidden["phone"].iloc[0] != hidden["phone"].iloc[1]
    assert hidden["note"].fillna("-").tolist() == ["call <PERSON>", "nothing", "-"]
    assert hidden[["shop", "size"]].equals(plain[["shop", "size"]])
    assert hidden.index.equals(plain.index)
    assert hidden.dtypes.equals(plain.dtypes)
    place = Place("acme", "orders.phone")
    assert revealed(hidden["phone"].iloc[0], place, KEYS, Role.ADMIN) == "+44 20 7946 0958"


def spec(privacy: Mapping[str, str], **column: object) -> DatasetSpec:
    return DatasetSpec.model_validate(
        {
            "name": "people",
            "source": {"kind": "csv", "path": "people.csv"},
            "columns": [{"name": "email", "type": "text", **column}],
            "privacy": privacy,
            "target": {"table": "people"},
        }
    )


def test_policies_are_written_as_actions_or_classes() -> None:
    assert spec({"email": "hash"}).privacy == {"email": Action.HASH}
    assert spec({"email": "personal"}).privacy == {"email": DataClass.PERSONAL}
    assert spec({"email": "hash"}, key=True).privacy
    again = DatasetSpec.model_validate_json(spec({"email": "secret"}).model_dump_json())
    assert again == spec({"email": "secret"})


@pytest.mark.parametrize(
    ("privacy", "column", "message"),
    [
        ({"mail": "hash"}, {}, "no column 'mail'"),
        ({"email": "scramble"}, {}, "'redact', 'mask'"),
        ({"email": "mask"}, {"type": "integer"}, "declare it as text"),
        ({"email": "personal"}, {"key": True}, "part of the key"),
    ],
)
def test_a_policy_that_cannot_be_carried_out_is_refused(
    privacy: Mapping[str, str], column: Mapping[str, object], message: str
) -> None:
    with pytest.raises(ValidationError, match=message):
        spec(privacy, **column)
