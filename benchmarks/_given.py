"""A file that somebody names, by itself or by its folder."""

from pathlib import Path


def one_json(path: Path, what: str) -> Path:
    """Return the file, or the only JSON file of a folder.

    Args:
        path: of a file or a folder.
        what: is in it, for the error.

    Raises:
        SystemExit: the folder holds another number of them.
    """
    files = sorted(path.glob("*.json")) if path.is_dir() else [path]
    if len(files) != 1:
        raise SystemExit(f"{path} must hold one .json file, {what}; it has {len(files)}.")
    return files[0]
