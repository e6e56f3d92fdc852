import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.engine import make_url

from neurocortex.embedded import ports
from neurocortex.engines.lsa import LsaTrainer
from neurocortex.errors import LakeUnavailableError
from neurocortex.lake.store import Lake


def said(url: str) -> str:
    with Lake(url) as lake:
        return lake.check() or "fine"


def test_a_lake_that_is_set_up_is_fine(lake: Lake, database_url: str) -> None:
    assert said(database_url) == "fine"


def test_no_server(database_url: str) -> None:
    port = ports.free()
    url = make_url(database_url).set(port=port).render_as_string(hide_password=False)
    assert f"No PostgreSQL answers at 127.0.0.1:{port}" in said(url)


def test_a_wrong_password(database_url: str) -> None:
    url = make_url(database_url).set(password="wrong").render_as_string(hide_password=False)
    assert "refuses the password of user 'postgres'" in said(url)
    assert "wrong" not in said(url)


def test_a_database_that_does_not_exist(database_url: str) -> None:
    url = make_url(database_url).set(database="nowhere").render_as_string(hide_password=False)
    assert "has no database 'nowhere'" in said(url)


def test_a_user_that_does_not_exist(database_url: str) -> None:
    url = make_url(database_url).set(username="nobody").render_as_string(hide_password=False)
    assert "'nobody'" in said(url)


def test_a_schema_that_was_never_made(database_url: str) -> None:
    assert "schema of the Lake is not there yet" in said(database_url)


def test_a_schema_of_another_version(lake: Lake, database_url: str) -> None:
    with lake.engine.begin() as connection:
        connection.execute(text("UPDATE lake.schema_version SET version_num = '0000'"))
    assert "is at revision 0000" in said(database_url)


def test_a_missing_extension(lake: Lake, database_url: str) -> None:
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("DROP EXTENSION vector CASCADE")
    assert "extension vector is not created" in said(database_url)


@pytest.mark.parametrize("url", ["mysql://host/database", "no url at all", ""])
def test_an_address_that_is_none(url: str) -> None:
    with pytest.raises(LakeUnavailableError, match="postgresql://"):
        Lake(url)


def test_a_lost_server_is_a_typed_error_everywhere(database_url: str) -> None:
    url = make_url(database_url).set(port=ports.free()).render_as_string(hide_password=False)
    with Lake(url) as lake:
        for call in (
            lake.migrate,
            lake.collections,
            lake.loads,
            lake.quarantine,
            lambda: lake.collection("c"),
            lambda: lake.checksums("c"),
            lambda: lake.search("c", "question"),
            lambda: lake.delete_documents("c", ["s"]),
        ):
            with pytest.raises(LakeUnavailableError):
                call()


def test_a_lake_that_was_never_set_up_says_so(database_url: str) -> None:
    with Lake(database_url) as lake:
        for call in (
            lake.collections,
            lambda: lake.search("c", "question"),
            lambda: lake.load_documents("c", [], LsaTrainer()),
        ):
            with pytest.raises(LakeUnavailableError, match="`neurocortex up` puts that right"):
                call()


def test_a_search_that_takes_too_long_is_cancelled(lake: Lake, database_url: str) -> None:
    lake.load_documents("c", [], LsaTrainer())
    with lake.engine.begin() as holding, Lake(database_url, statement_timeout_s=0.2) as hurried:
        holding.execute(text("LOCK TABLE lake.collections"))
        with pytest.raises(LakeUnavailableError, match=r"longer than lake\.statement_timeout_s"):
            hurried.search("c", "question")
