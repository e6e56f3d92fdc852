"""Which JSON Schemas a caller may send, and what is told of a value that does not follow one."""

from typing import Any

import pytest

from neurocortex.language.schemas import MAX_PROBLEMS, check, problems_of

INVOICE: dict[str, Any] = {
    "type": "object",
    "properties": {"number": {"type": "integer"}, "lines": {"type": "array", "items": {}}},
    "required": ["number"],
    "additionalProperties": False,
}


def of(schema: object, **more: object) -> dict[str, Any]:
    return {"type": "object", "properties": {"it": schema}, **more}


def test_a_usual_schema_may_be_sent() -> None:
    check(INVOICE)
    check(of({"$ref": "#/$defs/a"}, **{"$defs": {"a": {"anyOf": [{"const": 1}, {"enum": [2]}]}}}))


@pytest.mark.parametrize(
    ("schema", "said"),
    [
        ({"type": "array", "items": {}}, r"at \$: its `type` must be `object`"),
        (of({"type": "string", "pattern": "(a+)+$"}), r"at \$\.properties\.it: .*'pattern'"),
        (of({"$ref": "http://10.0.0.1/secret"}), r"`\$ref` must be #/\$defs/NAME"),
        (of({"$ref": "#/$defs/missing"}, **{"$defs": {}}), r"`\$ref` must be"),
        (of({"$ref": "#/$defs/a"}, **{"$defs": {"a": {"$ref": "#/$defs/a"}}}), "refers to itself"),
        (of({"type": "text"}), "is not valid"),
        (of(5), "a schema is an object"),
        (of({"description": "x" * 30_000}), "longer than 20000 characters"),
    ],
    ids=["list", "pattern", "remote", "missing", "circle", "type", "number", "long"],
)
def test_a_schema_that_could_do_harm_is_refused(schema: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        check(schema)


def test_alternatives_of_alternatives_end_somewhere() -> None:
    defs = {
        f"d{at}": {"anyOf": [{"$ref": f"#/$defs/d{at + 1}"}, {"$ref": f"#/$defs/d{at + 1}"}]}
        for at in range(40)
    }
    with pytest.raises(ValueError, match="more than 2000 parts"):
        check(of({"$ref": "#/$defs/d0"}, **{"$defs": {**defs, "d40": {"type": "null"}}}))


def test_a_value_is_told_where_it_is_wrong() -> None:
    assert problems_of({"number": 1}, INVOICE) == []
    found = dict(problems_of({"number": "one", "more": 1}, INVOICE))
    assert set(found) == {"$.number", "$"}
    assert found["$.number"] == "'one' is not of type 'integer'"


def test_of_many_problems_the_first_are_told_and_shortened() -> None:
    schema = of({"type": "array", "items": {"type": "integer"}})
    found = problems_of({"it": ["x" * 1000] * 50}, schema)
    assert len(found) == MAX_PROBLEMS
    assert all(len(reason) <= 200 for _, reason in found)
