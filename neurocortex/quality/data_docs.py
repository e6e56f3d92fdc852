"""A gate's report as a page of Great Expectations' data docs.

Great Expectations renders it; what its page would fetch from other servers (styles, scripts, a
picture with a time stamp) is taken out and replaced by a style of ours, and a content security
policy forbids the rest: it is read offline, and nobody is told that it is read.
Source: https://docs.greatexpectations.io/docs/core/configure_project_settings/configure_data_docs
"""

import re
from collections.abc import Mapping
from datetime import datetime
from html import escape
from importlib.resources import files
from typing import Final

import great_expectations as gx
from great_expectations.core.expectation_validation_result import (
    ExpectationSuiteValidationResult,
    ExpectationValidationResult,
)
from great_expectations.expectations.expectation_configuration import ExpectationConfiguration
from great_expectations.render.renderer.page_renderer import ValidationResultsPageRenderer
from great_expectations.render.view.view import DefaultJinjaPageView

from neurocortex.quality.catalogue import OWN, Reach
from neurocortex.quality.report import ExpectationResult, GateReport

FOREIGN: Final = re.compile(
    r"<(script|style|nav|footer)\b.*?</\1>|<(link|img)\b[^>]*>", re.DOTALL | re.IGNORECASE
)
"""What the page fetches, and menus that lead to pages that there are not."""

POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"

STAND_INS: Final[Mapping[Reach, tuple[str, Mapping[str, object]]]] = {
    Reach.AGGREGATE: ("expect_column_max_to_be_between", {}),
    Reach.ROW: ("expect_column_values_to_be_in_set", {"value_set": []}),
    Reach.ALL_ROWS: ("expect_column_values_to_be_in_set", {"value_set": []}),
}
"""As what expectations of ours are rendered: our sentence takes the place of its own."""

IN_OUR_WORDS: Final = OWN | {"expect_column_quantile_values_to_be_between"}
"""Great Expectations has no words for ours, and of this one it wants what reports leave out."""


def page(report: GateReport, at: datetime) -> str:
    """Return the page: HTML that needs nothing else.

    Args:
        report: of a gate, with what has to be hidden hidden.
        at: when the load began.
    """
    results = [_result(each) for each in report.results]
    met = sum(result.success for result in report.results)
    share = 100.0 * met / len(results) if results else None
    found = ExpectationSuiteValidationResult(
        suite_name=report.suite,
        success=report.success,
        results=results,
        statistics={
            "evaluated_expectations": len(results),
            "successful_expectations": met,
            "unsuccessful_expectations": len(results) - met,
            "success_percent": share,
        },
        meta={
            "great_expectations_version": gx.__version__,
            "run_id": {"run_name": report.suite, "run_time": at.isoformat()},
            "batch_kwargs": {"data_asset_name": report.suite},
        },
    )
    document = ValidationResultsPageRenderer().render(found)
    rendered = str(DefaultJinjaPageView().render(document))  # type: ignore[no-untyped-call]
    style = files("neurocortex.quality").joinpath("data_docs.css").read_text("utf-8")
    head = f'<meta http-equiv="Content-Security-Policy" content="{POLICY}"><style>{style}</style>'
    return FOREIGN.sub("", rendered).replace("</head>", f"{head}</head>", 1)


def _result(result: ExpectationResult) -> ExpectationValidationResult:
    return ExpectationValidationResult(
        success=result.success,
        expectation_config=_configuration(result),
        result=_figures(result),
        exception_info={
            "raised_exception": False,
            "exception_message": None,
            "exception_traceback": None,
        },
    )


def _configuration(result: ExpectationResult) -> ExpectationConfiguration:
    expectation = result.expectation
    notes = {"notes": {"format": "string", "content": [_escaped(expectation.note)]}}
    meta = notes if expectation.note else {}
    if expectation.type not in IN_OUR_WORDS:
        return ExpectationConfiguration(expectation.type, dict(expectation.kwargs), meta=meta)
    kind, kwargs = STAND_INS[expectation.signature.reach]
    said = _escaped(f"{expectation.subject}: {expectation.sentence}")
    column = {"column": expectation.columns[-1]}
    return ExpectationConfiguration(kind, {**column, **kwargs}, meta=meta, description=said)


def _figures(result: ExpectationResult) -> dict[str, object]:
    if result.expectation.signature.reach is Reach.AGGREGATE:
        return {"observed_value": _escaped(", ".join(result.sample) or result.observed)}
    return {
        "element_count": result.evaluated,
        "unexpected_count": result.unexpected,
        "unexpected_percent": result.percent,
        "unexpected_percent_nonmissing": result.percent,
        "missing_count": 0,
        "missing_percent": 0.0,
        "partial_unexpected_list": [_escaped(value) for value in result.sample],
    }


def _escaped(value: str) -> str:
    """Return text as the page shows it: Great Expectations would take it for HTML, and `$` too."""
    return escape(value).replace("$", "&#36;")
