from collections.abc import Callable
from uuid import uuid4

import pytest
from sqlalchemy import text

from neurocortex.domain.quarantine import Quarantined
from neurocortex.engines.lsa import LsaTrainer
from neurocortex.errors import CollectionNotFoundError, EmbedderMismatchError, LakeError
from neurocortex.lake.embedding import Embedder
from neurocortex.lake.loading import LoadProgress
from neurocortex.lake.loads import LoadKind, LoadStatus
from neurocortex.lake.store import Lake

