"""Pictures for artifacts (SVG 1.1): they need no script, no font and no network.

A picture has a ground of its own and follows the reader's light or dark preference, so that it can
be read on any page. Kinds of shapes: `mark` is what it is about, `other` what that is compared
with, `wrong` what is bad, `warning` what may be; `axis` and `trend` are lines behind them, and
`name` is text that stands out.
"""

import math
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from html import escape
from typing import Final

WIDTH: Final = 760
"""Of every picture, in pixels: about the width of the page it is shown on."""

CHAR: Final = 6.8
"""Width of a character in pixels, about: an SVG cannot measure its text."""

BEYOND: Final = 0.02
"""Of the step between two ticks: so far a value may be beyond the last one."""

_REFUSED: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that XML 1.0 may not have, not even escaped (2.2)."""

STYLE: Final = """
text{font:12px system-ui,sans-serif;fill:#5b6776}.name{fill:#17202b;font-weight:600}
.ground{fill:#fff}.axis{stroke:#dfe4ea}.trend{stroke:#5b6776;stroke-dasharray:4 4}
.mark{fill:#1f63d6}.other{fill:#8a95a3}.wrong{fill:#c02b34}
.warning{fill:#9a5b00}
line.mark{stroke:#1f63d6}line.other{stroke:#8a95a3}line.wrong{stroke:#c02b34}
@media (prefers-color-scheme:dark){.ground{fill:#171e28}text{fill:#97a4b5}.name{fill:#e6ebf2}
.axis{stroke:#28323f}.trend{stroke:#97a4b5}.mark{fill:#77a8ff}.wrong{fill:#ff7f85}
.warning{fill:#e6ac51}line.mark{stroke:#77a8ff}line.wrong{stroke:#ff7f85}}
"""


@dataclass(frozen=True, slots=True)
class Scale:
    """Values along an axis, between round numbers."""

    low: float
    high: float
    step: float
    """Between two ticks."""
    start: float
    """Where `low` is, in pixels."""
    end: float
    """Where `high` is; less than `start` on an axis that goes up."""

    @classmethod
    def over(
        cls, values: Iterable[float], start: float, end: float, *, most_ticks: int = 6
    ) -> "Scale":
        """Return a scale for the finite values (Heckbert 1990, Graphics Gems I)."""
        known = [each for each in values if math.isfinite(each)] or [0.0]
        low, high = min(known), max(known)
        if high - low <= 1e-9 * max(abs(low), abs(high)):
            room = 0.1 * abs(low) or 1.0
            low, high = low - room, high + room
        rough = (high - low) / most_ticks
        power = 10.0 ** math.floor(math.log10(rough))
        step = next((each * power for each in (1, 2, 5) if each * power >= rough), 10 * power)
        # An end just beyond a round number is not worth another step.
        low = math.floor(low / step + BEYOND) * step
        high = math.ceil(high / step - BEYOND) * step
        return cls(low, high, step, start, end)

    def at(self, value: float) -> float:
        """Return where a value is, in pixels."""
        return self.start + (self.end - self.start) * (value - self.low) / (self.high - self.low)

    def ticks(self) -> Iterator[tuple[float, str]]:
        """Yield where each tick is, and what is written there."""
        decimals = max(0, -math.floor(math.log10(self.step)))
        wide = max(abs(self.low), abs(self.high)) >= 1e6 or decimals > 4
        for place in range(round((self.high - self.low) / self.step) + 1):
            # Adding zero makes a negative zero positive.
            value = round(self.low + place * self.step, decimals) + 0.0
            yield self.at(value), f"{value:.3g}" if wide else f"{value:,.{decimals}f}"


def picture(title: str, height: float, parts: Iterable[str]) -> str:
    """Return a picture of shapes; the title is for those who hear it instead of seeing it."""
    return "".join(
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height:g}"',
            f' viewBox="0 0 {WIDTH} {height:g}" role="img">',
            f"<title>{_written(title)}</title><style>{STYLE}</style>",
            f'<rect class="ground" width="{WIDTH}" height="{height:g}" rx="8"/>',
            *parts,
            "</svg>",
        )
    )


def text(x: float, y: float, said: str, *, kind: str = "", anchor: str = "start") -> str:
    """Return text whose first, middle or last letter (`anchor`) is at x."""
    named = f' class="{kind}"' if kind else ""
    return f'<text{named} x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{_written(said)}</text>'


def figure(value: float) -> str:
    """Return a score or a share of one with three decimals, none of them a negative zero."""
    return f"{round(value, 3) + 0.0:.3f}"


def fitted(said: str, width: float) -> str:
    """Return text cut to a width in pixels."""
    room = max(1, int(width / CHAR))
    return said if len(said) <= room else f"{said[: room - 1]}…"


def bar(kind: str, x: float, y: float, width: float, height: float) -> str:
    """Return a filled bar; one without a size is nothing."""
    if not (width > 0 and height > 0):  # not a number is no size, too
        return ""
    at = f'x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}"'
    return f'<rect class="{kind}" {at}/>'


def dot(kind: str, x: float, y: float, radius: float = 5, *, opacity: float = 1) -> str:
    """Return a filled dot; many that lie upon each other show as a darker one below opacity 1."""
    filled = f' fill-opacity="{opacity:g}"' if opacity < 1 else ""
    return f'<circle class="{kind}"{filled} cx="{x:.1f}" cy="{y:.1f}" r="{radius:g}"/>'


def line(kind: str, x1: float, y1: float, x2: float, y2: float, *, width: float = 1) -> str:
    """Return a straight line."""
    ends = f'x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"'
    return f'<line class="{kind}" stroke-width="{width:g}" {ends}/>'


def upright(scale: Scale, top: float, bottom: float) -> Iterator[str]:
    """Yield the upright lines of an axis that goes to the right, and the numbers below them."""
    for x, said in scale.ticks():
        yield line("axis", x, top, x, bottom)
        yield text(x, bottom + 18, said, anchor="middle")


def level(scale: Scale, left: float, right: float) -> Iterator[str]:
    """Yield the level lines of an axis that goes up, and the numbers left of them."""
    for y, said in scale.ticks():
        yield line("axis", left, y, right, y)
        yield text(left - 8, y + 4, said, anchor="end")


def _written(said: str) -> str:
    return escape(_REFUSED.sub("\ufffd", said))
