from importlib.util import find_spec

import pytest

from neurocortex.engines.embedders import configured
from neurocortex.errors import SettingsError
from neurocortex.settings import LakeSettings

INSTALLED = find_spec("sentence_transformers") is not None


@pytest.mark.skipif(INSTALLED, reason="the optional extra is installed")
def test_without_the_package_the_error_names_the_extra() -> None:
    chosen = LakeSettings(embedder="sentence-transformers", embedding_model="all-MiniLM-L6-v2")
    with pytest.raises(SettingsError, match=r"pip install 'neurocortex\[sentence-transformers\]'"):
        configured(chosen)
