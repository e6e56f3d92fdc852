"""The adapter to Presidio and spaCy: the only module that imports them (2 to 3 seconds).

Presidio's recognisers by patterns and check digits run on a blank spaCy pipeline, which splits a
text into words and needs no download; an installed spaCy model adds its named entities. Source:
https://microsoft.github.io/presidio/analyzer/
"""

import logging
from collections.abc import Callable, Sequence
from typing import Final

import spacy
from presidio_analyzer import AnalyzerEngine, RecognizerRegistry
from presidio_analyzer.nlp_engine import NerModelConfiguration, SpacyNlpEngine
from presidio_analyzer.predefined_recognizers import EmailRecognizer
from spacy.language import Language
from spacy.tokens import Doc
from tldextract import TLDExtract

from neurocortex.errors import PrivacyModelError
from neurocortex.privacy.entities import Entity, Span

LANGUAGE: Final = "en"
"""Of Presidio's recognisers. Patterns and most dictionaries do not depend on it."""

_UNSURE: Final = frozenset({"US_BANK_NUMBER", "ITEM", "UK_NHS", "IT_VAT_CODE", "PL_PESEL"})
"""What Presidio reads into any number of the right length: left out, as it is nearly never true."""

_SLOW: Final = ("UrlRecognizer",)
"""Recognisers that a text made for it keeps busy; see `recognisers.internet`."""

_domains: Final = TLDExtract(cache_dir=None, suffix_list_urls=())
"""With the list of public suffixes that comes with the package: nothing is downloaded."""


class _OfflineEmail(EmailRecognizer):
    """Presidio's, which would download the list of public suffixes."""

    def validate_result(self, pattern_text: str) -> bool:
        return bool(_domains(pattern_text).fqdn)


class _Engine(SpacyNlpEngine):
    """Presidio's engine over a pipeline that is loaded already: its own would download models."""

    def __init__(self, pipeline: Language) -> None:
        super().__init__(
            models=[{"lang_code": LANGUAGE, "model_name": "loaded"}],
            ner_model_configuration=NerModelConfiguration(
                labels_to_ignore=["CARDINAL", "ORDINAL", "PERCENT", "MONEY", "QUANTITY"]
            ),
        )
        self.nlp = {LANGUAGE: pipeline}  # type: ignore[assignment]  # declared as None there


@Language.component("neurocortex_lemmas")
def _lower_case_lemmas(doc: Doc) -> Doc:
    """Give each word a lemma: without any, Presidio would see no words around a number."""
    for token in doc:
        token.lemma_ = token.lower_
    return doc


def analyser(model: str | None, threshold: float) -> Callable[[str], Sequence[Span]]:
    """Return what finds personal data by Presidio.

    Args:
        model: name of an installed spaCy model; None for patterns only.
        threshold: findings of a lower score are left out.

    Raises:
        PrivacyModelError: the model is not installed.
    """
    if model is None:
        pipeline = spacy.blank(LANGUAGE)
        pipeline.add_pipe("neurocortex_lemmas")
    else:
        try:
            pipeline = spacy.load(model)
        except OSError as error:
            raise PrivacyModelError(model) from error
    return _over(pipeline, threshold, _SLOW, leave_out=_UNSURE)


def as_shipped(threshold: float) -> Callable[[str], Sequence[Span]]:
    """Return Presidio as it is on a blank pipeline, to measure against."""
    return _over(spacy.blank(LANGUAGE), threshold, ())


def _over(
    pipeline: Language,
    threshold: float,
    removed: Sequence[str],
    leave_out: frozenset[str] = frozenset(),
) -> Callable[[str], Sequence[Span]]:
    # It warns of each recogniser of another language; in debugging it writes texts to the log.
    logging.getLogger("presidio-analyzer").setLevel(logging.ERROR)
    engine = _Engine(pipeline)
    registry = RecognizerRegistry()
    registry.load_predefined_recognizers(languages=[LANGUAGE], nlp_engine=engine)
    for name in ("EmailRecognizer", *removed):
        registry.remove_recognizer(name)
    registry.add_recognizer(_OfflineEmail(supported_language=LANGUAGE))
    analyzer = AnalyzerEngine(
        registry=registry,
        nlp_engine=engine,
        supported_languages=[LANGUAGE],
        default_score_threshold=threshold,
    )

    def found(text: str) -> Sequence[Span]:
        return [
            Span(Entity(each.entity_type), each.start, each.end, each.score, "presidio")
            for each in analyzer.analyze(text, language=LANGUAGE)
            if each.entity_type not in leave_out
        ]

    return found
