"""Which variant serves a request, and the request as that variant has it. Pure."""

import json
from collections.abc import Iterable, Mapping
from typing import Annotated, Any, TypeVar, cast

from pydantic import JsonValue, TypeAdapter, ValidationError

from neurocortex.errors import ExperimentSpecError
from neurocortex.experiments.interleaving import AGAINST
from neurocortex.experiments.plan import Experiment, ExperimentSpec, Unit, Variant
from neurocortex.requests.request import Request
from neurocortex.rollout.assignment import is_chosen

RequestT = TypeVar("RequestT", bound=Request)


def experiment_of(request: Request, running: Iterable[Experiment]) -> Experiment | None:
    """Return the experiment that a request takes part in; None: it is in none."""
    for each in running:
        spec = each.spec
        if (
            spec.operation == request.operation
            # Who compares two rankings of their own gets those.
            and not (spec.is_interleaved and AGAINST in request.model_fields_set)
            and all(
                _plain(getattr(request, name, None)) == value for name, value in spec.where.items()
            )
        ):
            return each
    return None


def assign(experiment: Experiment, tenant: str, key: str) -> Variant:
    """Return the variant of a request; it depends on the arguments alone.

    Args:
        experiment: one that runs.
        tenant: whose request it is.
        key: of the request; of no matter where tenants are assigned.
    """
    spec = experiment.spec
    sticky = key if spec.unit is Unit.REQUEST else ""
    percent, shares = 0.0, spec.shares
    for variant in spec.variants:
        percent += shares[variant.name]
        if is_chosen(experiment.id, tenant, sticky, percent):
            return spec.control if variant.name in experiment.stopped else variant
    return spec.control  # shares that add up to a little less than 100


def as_varied(request: RequestT, variant: Variant) -> RequestT:
    """Return a request as a variant has it.

    Raises:
        ValidationError: the request's other fields do not go with that.
    """
    if not variant.set:
        return request
    asked = request.model_dump(mode="json", exclude_unset=True)
    return type(request).model_validate_json(json.dumps(_merged(asked, variant.set)))


def as_applied(
    request: RequestT, applied: Iterable[Experiment]
) -> tuple[RequestT, tuple[Experiment, ...]]:
    """Return a request as applied variants have it, one after the other, and whose they are.

    One with which its other fields do not go is left out.
    """
    by: tuple[Experiment, ...] = ()
    for each in applied:
        variant = each.applied
        if variant is None or experiment_of(request, [each]) is None:
            continue
        try:
            request = as_varied(request, variant)
        except ValidationError:
            continue
        by = (*by, each)
    return request, by


def as_interleaved(request: RequestT, spec: ExperimentSpec) -> RequestT:
    """Return a request as the first variant has it, and in its field `against` the second one.

    Raises:
        ValidationError: the request's other fields do not go with that, or it has no such field.
    """
    first, second = (as_varied(request, each) for each in spec.variants)
    names = {name for each in spec.variants for name in each.set}
    # Also what the second variant leaves as it was asked: the first one may have changed it.
    against = second.model_dump(mode="json", include=names)
    both = {**first.model_dump(mode="json", exclude_unset=True), AGAINST: against}
    return type(request).model_validate_json(json.dumps(both))


def require_settable(spec: ExperimentSpec, kind: type[Request]) -> None:
    """Check that requests of the operation have the fields that the variants set.

    Raises:
        ExperimentSpecError: one has no such field, or may not have that value; or an operation that
            ranks nothing is to be interleaved.
    """
    if spec.is_interleaved and AGAINST not in kind.model_fields:
        raise ExperimentSpecError(
            spec.name,
            f"design: {spec.operation!r} cannot be interleaved, as its answers are no ranking of"
            " passages; `search` can, and `design: split` goes with every operation",
        )
    own = {name for name in kind.model_fields if name not in Request.model_fields}
    named = [("where", spec.where), *((each.name, each.set) for each in spec.variants)]
    for place, fields in named:
        for name, value in fields.items():
            if name not in own:
                raise ExperimentSpecError(
                    spec.name,
                    f"{place}: {spec.operation!r} has no field {name!r} that may vary."
                    f" It has: {', '.join(sorted(own))}",
                )
            _require_valid(spec.name, place, kind, name, value)
    if spec.is_interleaved:
        for each in spec.variants:
            _require_valid(spec.name, each.name, kind, AGAINST, dict(each.set))


def _require_valid(
    experiment: str, place: str, kind: type[Request], name: str, value: JsonValue
) -> None:
    info = kind.model_fields[name]
    adapter: TypeAdapter[Any] = TypeAdapter(cast("Any", Annotated[info.annotation, info]))
    try:
        adapter.validate_json(json.dumps(value))
    except ValidationError as error:
        why = error.errors()[0]["msg"].rstrip(".")
        raise ExperimentSpecError(experiment, f"{place}: {name} = {value!r}: {why}") from None


def _merged(
    asked: Mapping[str, JsonValue], changes: Mapping[str, JsonValue]
) -> Mapping[str, JsonValue]:
    found = dict(asked)
    for name, value in changes.items():
        known = found.get(name)
        if isinstance(known, dict) and isinstance(value, dict):
            found[name] = {**known, **value}
        else:
            found[name] = value
    return found


def _plain(value: object) -> JsonValue:
    found: JsonValue = TypeAdapter(object).dump_python(value, mode="json")
    return found
