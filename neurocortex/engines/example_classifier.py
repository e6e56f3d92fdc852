"""A classifier that is fitted on a request's examples: logistic regression over their words.

tf-idf weights and multinomial logistic regression (scikit-learn): a strong baseline where there are
few examples and no trained model (Wang & Manning 2012, "Baselines and Bigrams").
"""

from collections.abc import Sequence

from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from neurocortex.domain.language import Example
from neurocortex.text.tokens import tokens

MODEL = "logistic regression"
PENALTY = 10.0
"""Inverse strength of the regularisation: unit vectors of few texts need little."""

MAX_STEPS = 200


def scores(text: str, labels: Sequence[str], examples: Sequence[Example]) -> list[float]:
    """Return the probability of each label for a text.

    Args:
        text: to be classified.
        labels: at least two.
        examples: at least one of each label.
    """
    model = make_pipeline(
        TfidfVectorizer(analyzer=tokens, sublinear_tf=True),
        LogisticRegression(C=PENALTY, class_weight="balanced", max_iter=MAX_STEPS),
    )
    model.fit([each.text for each in examples], [each.label for each in examples])
    found = dict(zip(model.classes_, model.predict_proba([text])[0], strict=True))
    return [float(found[label]) for label in labels]
