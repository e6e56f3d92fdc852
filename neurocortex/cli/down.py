"""`neurocortex down`."""


def down() -> None:
    """Stop the platform, from any terminal.

    Stops what runs from this home folder (NEUROCORTEX_HOME). Flow runs that go on are ended and
    shown as crashed; no data is lost. Does nothing when nothing runs.
    """
    from neurocortex.cli.console import Steps
    from neurocortex.embedded.home import Home
    from neurocortex.embedded.shutdown import shut_down
    from neurocortex.settings import load

    settings = load().settings
    home = Home(settings.home.absolute())
    ended = shut_down(home, settings.embedded)
    Steps().note(f"Stopped: {', '.join(ended)}." if ended else f"Nothing runs from {home.folder}.")
