"""Lineage: a dataset's table or a collection as an asset of Prefect, and what it is made of.

Prefect tells of assets by events: `prefect.asset.referenced` for each source, and
`prefect.asset.materialization.succeeded` or `.failed` for the table or collection, with the sources
beside it.
"""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from prefect.assets import Asset, AssetProperties

from neurocortex.datasets.extract import source_name
from neurocortex.datasets.sources import SklearnSource
from neurocortex.datasets.spec import DatasetSpec
from neurocortex.lake.rows.table import SCHEMA
from neurocortex.quality.references import IN_TABLE, reference_of

MOST_CHARS: Final = 512
"""Of an asset's key."""

_NOT_ALLOWED: Final = re.compile(r"[\s\0#?&%\"'<>\[\]{}|\\^`]")
"""What Prefect refuses in a key."""


def table_asset(lake: str, spec: DatasetSpec) -> Asset:
    """Return the table that a dataset is loaded into."""
    described = AssetProperties(name=spec.name, description=spec.description or None)
    return Asset(key=_table_key(lake, spec.target.table), properties=described)


def upstream_assets(lake: str, spec: DatasetSpec) -> list[Asset | str]:
    """Return what a dataset is made of: its source, and the tables it refers to."""
    source = source_name(spec)
    bundled = isinstance(spec.source, SklearnSource)
    key = source.replace(":", "://", 1) if bundled else f"file://{source}"
    found: list[Asset | str] = [Asset(key=_allowed(key), properties=AssetProperties(name=source))]
    for each in spec.expectations:
        if each.type == IN_TABLE:
            asset = Asset(key=_table_key(lake, reference_of(each).table))
            found += [asset] if asset not in found else []
    return found


def collection_asset(lake: str, collection: str) -> Asset:
    """Return a collection of documents."""
    key = _allowed(f"postgres://{lake}/collections/{collection}")
    return Asset(key=key, properties=AssetProperties(name=collection))


def path_assets(paths: Sequence[str]) -> list[Asset | str]:
    """Return what documents are read from: each file, folder or glob as it was given."""
    found: list[Asset | str] = []
    for path in paths:
        place = Path(path).expanduser().absolute()
        asset = Asset(key=_allowed(f"file://{place}"), properties=AssetProperties(name=path))
        found += [asset] if asset not in found else []
    return found


def _table_key(lake: str, table: str) -> str:
    return _allowed(f"postgres://{lake}/{SCHEMA}/{table}")


def _allowed(key: str) -> str:
    """Return a key as Prefect takes it; of a long one the end, which tells more."""
    kind, _, name = _NOT_ALLOWED.sub("_", key).partition("://")
    return f"{kind}://{name[-(MOST_CHARS - len(kind) - 3) :]}"
