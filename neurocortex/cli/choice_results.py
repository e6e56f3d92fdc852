"""Choices of LLM providers, for people."""

from neurocortex.cli.console import console, table
from neurocortex.selection.receipt import Followed


def show_list(found: list[Followed]) -> None:
    """Print a line for each choice."""
    if not found:
        console().print('No provider was chosen yet: a request says "auto" for it.')
        return
    shown = table("receipt", "when", "operation", "provider", "explored", "call", "judged")
    shown.columns[0].no_wrap = True  # to be copied into the next command
    for each in found:
        receipt = each.receipt
        shown.add_row(
            str(receipt.id),
            receipt.at.astimezone().strftime("%Y-%m-%d %H:%M:%S"),
            receipt.operation,
            receipt.provider,
            "yes" if receipt.explored else "",
            _call(each),
            "" if each.score is None else f"{each.score:.2f}",
        )
    console().print(shown)


def show(one: Followed) -> None:
    """Print a receipt as a whole."""
    receipt, out = one.receipt, console()
    out.print(
        f"{receipt.provider} was chosen for {receipt.operation}"
        f" (tier {receipt.tier}, tenant {receipt.tenant}). {receipt.why}\n",
        soft_wrap=True,
    )
    shown = table(
        *("provider", "score", "reliability", "accuracy", "latency", "cost", "load", "freshness"),
        "removed",
    )
    for each in receipt.candidates:
        figures = (
            *(each.score, each.reliability, each.accuracy, each.latency),
            *(each.cost, each.load, each.freshness),
        )
        removed = f"{each.removed_by}: {each.because}" if each.removed_by else ""
        shown.add_row(each.provider, *(f"{figure:.2f}" for figure in figures), removed)
    out.print(shown)
    judged = "" if one.score is None else f" The answer was judged {one.score:.2f}."
    out.print(f"\nThe call: {_call(one)}.{judged}", soft_wrap=True)


def _call(one: Followed) -> str:
    call = one.call
    if call is None:
        return "under way, or nobody told how it ended"
    went = {True: "answered", False: "failed", None: "nothing learned"}[call.succeeded]
    return f"{went}, {call.seconds:.2f} s, {call.tokens} tokens, cost {call.cost:.4g}"
