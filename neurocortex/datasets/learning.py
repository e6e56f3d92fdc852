"""What a file or a dataset is like, as YAML that a person reviews."""

from pathlib import Path
from typing import Final

from neurocortex.datasets import catalog
from neurocortex.datasets.drafting import draft
from neurocortex.datasets.protection import protection_of
from neurocortex.datasets.sampling import sample, spec_of
from neurocortex.quality.profiling import profile_of
from neurocortex.quality.proposing import propose
from neurocortex.quality.rendering import expectations_yaml, fitting

FILES: Final = (".csv", ".tsv", ".txt", ".jsonl")
"""Files that a dataset can be drafted from."""


def learned(source: str, folder: Path, rows: int) -> str:
    """Return the draft of a dataset for a file, or the expectations proposed for a dataset.

    Args:
        source: path of a csv or jsonl file, or name or YAML file of a dataset.
        folder: the user's datasets.
        rows: that are looked at, chosen at random where there are more.

    Raises:
        DatasetNotFoundError: there is no such dataset.
        DatasetSpecError: its YAML is wrong.
        SourceError: the file, or the dataset's source, cannot be read.
    """
    if source.endswith(FILES):
        spec = spec_of(Path(source).expanduser().absolute())
        taken = sample(spec, rows)
        profile = profile_of(taken.frame, spec.name, taken.rows)
        return draft(spec, taken.frame, profile, propose(taken.frame, profile))
    spec = catalog.find(source, folder)
    taken = sample(spec, rows)
    # Expectations quote values, so nothing is learned of columns with values to hide.
    frame = taken.frame.drop(columns=list(protection_of(spec).hider.columns))
    profile = profile_of(frame, spec.name, taken.rows)
    return expectations_yaml(fitting(propose(frame, profile), spec.columns))
