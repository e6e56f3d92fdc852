"""The first prediction of a model that was just loaded: before anybody waits for it.

scikit-learn imports and builds things at the first one. A model that cannot predict never serves.
"""

from neurocortex.errors import ModelCorruptError
from neurocortex.forge import predicting
from neurocortex.forge.versions import Loaded


def warm(loaded: Loaded) -> None:
    """Predict for a row of which nothing is known.

    Raises:
        ModelCorruptError: it cannot.
    """
    row = {feature.name: None for feature in loaded.card.takes.features}
    try:
        predicting.predict(loaded, [[row]])
    except (ValueError, TypeError, AttributeError, IndexError) as error:
        reason = f"version {loaded.version.number} cannot predict ({' '.join(str(error).split())})"
        raise ModelCorruptError(loaded.version.model, reason) from error
