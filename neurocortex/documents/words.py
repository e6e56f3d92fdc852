"""What counts as a word where the size of a text is meant, in any script."""

import re
from typing import Final

_UNSPACED: Final = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
)
"""Thai, Lao, Burmese, Khmer, Japanese and Chinese: one character is about a word."""

WORD: Final = re.compile(f"[{_UNSPACED}]|[^\\s{_UNSPACED}]{{1,32}}")
"""Up to 32 characters without a space. Longer runs (base64, addresses) count as several, so that
nothing that is bounded in words grows without end."""

RUN: Final = re.compile(f"[{_UNSPACED}]|[^\\s{_UNSPACED}]+")
"""The same, however long."""
