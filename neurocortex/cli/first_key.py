"""`python -m neurocortex.cli.first_key`: print the platform's first API key, made just now.

Prints nothing where one was made before. Run as a child of the supervisor, which needs none of the
imports.
"""

import sys

from neurocortex.cli.console import Steps
from neurocortex.embedded.running import find
from neurocortex.errors import NeuroCortexError
from neurocortex.security.first_key import make_first_key
from neurocortex.security.key_store import ApiKeys
from neurocortex.settings import load


def main() -> None:
    """Make and print it; only to a terminal: what goes to a file or a service's log stays there."""
    database_url = find(load().settings).database_url
    if database_url is None:
        return
    if sys.stdout.isatty():
        made = make_first_key(database_url)
        if made is not None:
            Steps().note(f"First API key (admin), shown this once: {made.get_secret_value()}")
        return
    with ApiKeys(database_url) as keys:
        if not keys.list():
            Steps().note(
                "There is no API key yet, and this output may be kept, so none was made:"
                " `neurocortex keys create --tenant NAME --role admin` prints one."
            )


if __name__ == "__main__":
    try:
        main()
    except NeuroCortexError as error:
        sys.stderr.write(f"The first API key was not made: {error}\n")
        raise SystemExit(1) from None
