"""What the commands of `neurocortex privacy` do, and `neurocortex backup restore` does again."""

from pathlib import Path

from redis import RedisError
from sqlalchemy.engine import make_url

from neurocortex.backup.backups import KEYS, Backup
from neurocortex.backup.folders import BEFORE
from neurocortex.cli.forgetting import forget_everything
from neurocortex.datasets.catalog import catalog
from neurocortex.embedded.postgres import PREFECT_DATABASE
from neurocortex.embedded.redis_server import forget_deleted
from neurocortex.embedded.running import Running
from neurocortex.erasure import erasing, record
from neurocortex.erasure.erasing import Copies, Stores
from neurocortex.erasure.record import Erasure
from neurocortex.erasure.subject import Subject, places_of
from neurocortex.errors import CacheUnavailableError
from neurocortex.lake.store import Lake
from neurocortex.privacy import keys
from neurocortex.privacy.opening import keyring


def prefect_database(running: Running) -> str | None:
    """Return the URL of the Prefect server's database, where the server is the platform's own."""
    if running.database_url is None or running.settings.prefect_api_url is not None:
        return None
    url = make_url(running.database_url).set(database=PREFECT_DATABASE)
    return url.render_as_string(hide_password=False)


def keys_file(running: Running) -> Path:
    """Return the file with the keys of what is encrypted."""
    return (running.settings.privacy.keys or running.home.folder / keys.FILE).absolute()


def stores_of(running: Running, lake: Lake) -> Stores:
    """Return where a platform keeps what it is told."""
    return Stores(lake, prefect_database(running), running.home)


def person(running: Running, subject: str) -> Subject:
    """Return whom these words tell.

    Raises:
        ValueError: they are too short to tell a person.
    """
    return Subject(subject, keyring, places_of(catalog(running.settings.datasets.folder)))


def erase(running: Running, lake: Lake, subject: Subject) -> Copies:
    """Note an erasure, so that a restored backup is brought in step, and do it."""
    record.note(_record(running), subject.text, keyring())
    erased = erasing.erase(stores_of(running, lake), subject)
    _forget_results(running, lake)
    return erased


def on_record(running: Running, backup: Path) -> list[Erasure]:
    """Return all erasures on record, before a backup is restored.

    The record of a platform that was lost is encrypted with the keys of the backup; that of one
    whose restore was cut off, with the keys that were put aside.

    Raises:
        ErasureRecordError: the record cannot be read.
    """
    own = keys_file(running)
    files = (own, own.with_name(own.name + BEFORE), backup / KEYS)
    rings = [ring for ring in map(keys.read, files) if ring is not None]
    return record.read(_record(running), rings)


def erase_again(running: Running, lake: Lake, erasures: list[Erasure], restored: Backup) -> int:
    """Do again what was erased since a backup was made; return how many erasures that were.

    Their record is encrypted anew, with the keys that came with the backup.
    """
    if not erasures:
        return 0
    record.replace(_record(running), erasures, keyring())
    due = [each.subject for each in erasures if each.counts_for(restored.manifest.made_at)]
    for subject in dict.fromkeys(due):
        erasing.erase(stores_of(running, lake), person(running, subject))
    _forget_results(running, lake)
    return len(due)


def _forget_results(running: Running, lake: Lake) -> None:
    forget_everything(running, lake)
    if running.redis_url is None or running.settings.redis_url is not None:
        return
    try:
        forget_deleted(running.redis_url)
    except RedisError as error:
        reason = f"results were removed, and its file was not written anew: {error}"
        raise CacheUnavailableError("redis", reason) from error


def _record(running: Running) -> Path:
    return running.home.folder / record.FILE
