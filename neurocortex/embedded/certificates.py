"""Root certificates for a client that speaks plain HTTP to its server."""

import re
from pathlib import Path
from typing import Final

import certifi

ONE: Final = re.compile(r"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----\n", re.DOTALL)


def one_root(folder: Path) -> Path:
    """Return a bundle of one root certificate, written to `folder` where it is missing.

    Prefect reads the whole bundle, 25 ms of processor time, for each of the five clients that a
    run makes before it begins, also when the server's address is `http://` and no certificate is
    ever looked at. Never for a server with `https://`: it would not be trusted.
    """
    file = folder / "one-root.pem"
    if not file.is_file():
        found = ONE.search(Path(certifi.where()).read_text("ascii"))
        assert found is not None  # noqa: S101 - certifi holds over a hundred
        folder.mkdir(parents=True, exist_ok=True)
        file.write_text(found.group(), "ascii")
    return file
