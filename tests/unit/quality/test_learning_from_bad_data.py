"""What is learned of bad columns, without being told what is bad."""

import random
from collections.abc import Sequence

import pandas as pd
import pytest

from neurocortex.domain.columns import ColumnType
from neurocortex.quality.marking import marked
from neurocortex.quality.profile import ColumnProfile
from neurocortex.quality.profiling import profile_of, values_of
from neurocortex.quality.proposing import propose

NULLS = ("N/A", "null", "NaN", "-", "none", "?", " ", "#N/A")


def frame_of(**columns: Sequence[str | None]) -> pd.DataFrame:
    return pd.DataFrame({name: list(values) for name, values in columns.items()}, dtype=object)


def flagged(frame: pd.DataFrame) -> dict[str, set[str | None]]:
    """Return the values that are flagged in each column."""
    profile = profile_of(frame, "learned")
    cells = marked(frame, profile, propose(frame, profile))
    return {name: set(frame.loc[sorted(rows), name]) for name, rows in cells.items()}


def column_of(values: Sequence[str | None]) -> ColumnProfile:
    return profile_of(frame_of(x=values), "t").column("x")


def test_nulls_spelled_eight_ways_are_missing_values() -> None:
    values = [*map(str, range(100)), *NULLS, None]
    column = column_of(values)
    assert column.type is ColumnType.INTEGER
    assert (column.values, column.missing, set(column.spelled)) == (100, 9, set(NULLS))
    assert flagged(frame_of(x=values)) == {"x": set(NULLS)}


def test_a_word_for_nothing_may_be_a_value_among_words() -> None:
    countries = ["NA", "DE", "US", "none", "N/A"] * 20
    assert set(column_of(countries).spelled) == {"N/A"}


def test_dates_in_three_formats() -> None:
    iso = [f"2024-01-{day:02}" for day in range(1, 29)] * 3
    others = ["31.01.2024", "01/31/2024", "31 Jan 2024"]
    column = column_of([*iso, *others])
    assert column.type is ColumnType.DATE
    assert sum(column.others.values()) == 3
    assert flagged(frame_of(x=[*iso, *others])) == {"x": set(others)}


def test_dates_written_otherwise_are_read_as_most_are_written() -> None:
    written = [f"{day:02}.02.2024" for day in range(1, 29)]
    frame = frame_of(x=written)
    column = profile_of(frame, "t").column("x")
    assert values_of(frame["x"], column).iloc[3] == pd.Timestamp("2024-02-04")


def test_decimal_commas_among_numbers() -> None:
    numbers = [f"{each / 4}" for each in range(100)]
    assert flagged(frame_of(x=[*numbers, "3,5", "1.234,50"])) == {"x": {"3,5", "1.234,50"}}


def test_a_column_of_decimal_commas_is_as_it_should_be() -> None:
    assert flagged(frame_of(x=[f"{each},5" for each in range(100)])) == {}


def test_a_unit_that_all_agree_on_is_a_format_and_one_that_varies_is_not() -> None:
    agreed = [f"{each} kg" for each in range(95)]
    assert flagged(frame_of(x=[*agreed, "5 KG", "6kg"])) == {"x": {"5 KG", "6kg"}}
    mixed = [f"{each} {unit}" for each in range(40) for unit in ("kg", "kg.", "kilo")]
    assert flagged(frame_of(x=mixed)) == {"x": set(mixed)}


def test_streets_are_no_quantities() -> None:
    streets = [f"{each} {name} Street" for each in range(5) for name in map(chr, range(97, 123))]
    assert column_of(streets).type is ColumnType.TEXT


def test_codes_with_leading_zeros_stay_text() -> None:
    codes = [f"{each:05}" for each in range(500, 700)]
    assert column_of(codes).type is ColumnType.TEXT
    assert flagged(frame_of(x=[*codes, "12A45"])) == {"x": {"12A45"}}


def test_words_of_several_lengths_are_no_codes() -> None:
    assert flagged(frame_of(x=["red", "green"] * 50 + ["purple"])) == {}


def test_letters_read_in_a_wrong_encoding() -> None:
    towns = ["Köln", "München", "Bonn", "Trier"] * 25
    assert flagged(frame_of(x=[*towns, "KÃ¶ln", "M�nchen"])) == {"x": {"KÃ¶ln", "M�nchen"}}


def test_a_misspelt_category_is_flagged_and_a_rare_one_is_not() -> None:
    values = ["standard"] * 60 + ["express"] * 40 + ["standrad", "overnight"]
    assert flagged(frame_of(x=values)) == {"x": {"standrad"}}


def test_values_run_together_are_told_from_what_is_missing_beside_them() -> None:
    towns = {"Bend": "OR", "Gary": "IN", "Troy": "NY", "Lake Forest": "IL"}
    cities: list[str | None] = [*towns] * 20
    states: list[str | None] = [*towns.values()] * 20
    for place in (3, 17, 42, 60):
        cities[place], states[place] = f"{cities[place]} {states[place]}", None
    found = flagged(frame_of(city=cities, state=states))
    assert found["state"] == {None}
    assert found["city"] == {cities[place] for place in (3, 17, 42, 60)}


def test_a_dependency_holds_but_for_a_few() -> None:
    zips = [f"Z{each % 20:02}-{each % 20}" for each in range(400)]
    towns: list[str | None] = [f"Town {'ABCDEFGHIJKLMNOPQRST'[each % 20]}" for each in range(400)]
    towns[5] = "Town X"
    profile = profile_of(frame := frame_of(zip=zips, town=towns), "t")
    kinds = {each.expectation.type for each in propose(frame, profile)}
    assert "expect_column_list_to_determine_column" in kinds
    assert 5 in marked(frame, profile, propose(frame, profile))["town"]


def test_a_few_sums_below_zero_are_flagged_and_a_column_of_signs_is_not() -> None:
    fares = [f"{each / 8}" for each in range(1, 800)]
    assert flagged(frame_of(fare=[*fares, "-5.5"])) == {"fare": {"-5.5"}}
    assert flagged(frame_of(balance=[f"{each / 8}" for each in range(-200, 200)])) == {}


def test_an_end_before_its_beginning() -> None:
    days = [f"2024-03-{day:02} 10:00:00" for day in range(1, 29)] * 10
    ends = [day.replace("10:00", "11:30") for day in days]
    ends[7] = "2024-02-01 00:00:00"
    assert flagged(frame_of(begin=days, end=ends)) == {"end": {"2024-02-01 00:00:00"}}


@pytest.mark.parametrize("seed", range(3))
def test_clean_noise_raises_nothing(seed: int) -> None:
    source = random.Random(seed)
    frame = frame_of(
        number=[f"{source.gauss(50, 10):.3f}" for _ in range(300)],
        kind=[source.choice("abc") for _ in range(300)],
        name=["".join(source.choices("abcdefgh ", k=12)).strip() or "x" for _ in range(300)],
        day=[f"2024-0{source.randint(1, 9)}-1{source.randint(0, 9)}" for _ in range(300)],
    )
    found = flagged(frame)
    assert not {"number", "kind", "day"} & set(found)


def test_nothing_is_learned_of_nothing() -> None:
    frame = frame_of(x=[], y=[])
    profile = profile_of(frame, "empty")
    assert profile.rows == 0
    assert propose(frame, profile) == ()
