"""What a question must be before anything searches for its answer."""

import unicodedata

from neurocortex.errors import QuestionError


def validate_question(question: str, max_chars: int) -> str:
    """Return `question` in Unicode NFC, on one line, without control characters.

    Raises QuestionError where nothing is left, or where more than `max_chars` characters are.
    """
    if len(question) > 10 * max_chars:  # before any work on it: it may be megabytes
        raise _too_long(len(question), max_chars)
    visible = "".join(
        " " if char.isspace() else char
        for char in unicodedata.normalize("NFC", question)
        if char.isspace() or unicodedata.category(char) not in ("Cc", "Cs")
    )
    cleaned = " ".join(visible.split())
    if not cleaned:
        raise QuestionError(
            f"The question is empty ({len(question)} characters, none of them visible):"
            f" ask something in 1 to {max_chars:,} characters."
        )
    if len(cleaned) > max_chars:
        raise _too_long(len(cleaned), max_chars)
    return cleaned


def _too_long(length: int, max_chars: int) -> QuestionError:
    return QuestionError(
        f"The question has {length:,} characters, {max_chars:,} are allowed"
        " (NEUROCORTEX_ANSWERS__MAX_QUESTION_CHARS): ask it shorter, and put background"
        " into a document."
    )
