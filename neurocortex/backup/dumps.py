"""Dumps of a database by PostgreSQL's own programs, and back.

A dump holds every schema but those of PostgreSQL and what is staged; extensions stay the server's.
A restore is one transaction of psql: what was there goes and the dump comes, or all is as it was.
"""

import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import NamedTemporaryFile, TemporaryFile
from typing import IO, Final

import psycopg
from psycopg import sql
from sqlalchemy.engine import make_url

from neurocortex.embedded import binaries
from neurocortex.errors import BackupError, ServiceError

LEFT_OUT: Final = ("information_schema", "staging")

LOCK_TIMEOUT_S: Final = 30
"""A restore waits so long for who uses the tables, and then changes nothing."""

SCHEMAS: Final = """
SELECT nspname FROM pg_namespace
WHERE nspname !~ '^pg_' AND nspname <> ALL(%s) ORDER BY nspname
"""

EMPTY_PUBLIC: Final = """
DO $$
DECLARE found record;
BEGIN
    FOR found IN
        SELECT format('DROP %s IF EXISTS %I.%I CASCADE', CASE relkind WHEN 'v' THEN 'VIEW'
            WHEN 'm' THEN 'MATERIALIZED VIEW' WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END,
            'public', relname) AS statement
        FROM pg_class WHERE relnamespace = 'public'::regnamespace
            AND relkind IN ('r', 'p', 'v', 'm', 'S')
            AND NOT EXISTS (SELECT FROM pg_depend WHERE objid = pg_class.oid AND deptype = 'e')
        UNION ALL
        SELECT format('DROP TYPE IF EXISTS public.%I CASCADE', typname)
        FROM pg_type WHERE typnamespace = 'public'::regnamespace AND typtype = 'e'
        UNION ALL
        SELECT format('DROP FUNCTION IF EXISTS %s CASCADE', oid::regprocedure)
        FROM pg_proc WHERE pronamespace = 'public'::regnamespace AND prokind = 'f'
            AND NOT EXISTS (SELECT FROM pg_depend WHERE objid = pg_proc.oid AND deptype = 'e')
    LOOP
        EXECUTE found.statement;
    END LOOP;
END $$;
"""
"""The schema itself stays: extensions are in it."""

_NOT_OURS: Final = (" SCHEMA - public ", " EXTENSION - ", " COMMENT - SCHEMA public ")
"""Lines of a dump's list that a restore leaves out."""


def dump(url: str, path: Path) -> None:
    """Write a database to a file, as it is at one moment; those who use it need not stop.

    Raises:
        BackupError: PostgreSQL does not answer, refuses, or the disk is full.
    """
    options = ["--format=custom", "--no-owner", "--no-privileges", f"--file={path}"]
    chosen = [f"--schema={_quoted(schema)}" for schema in schemas(url)]
    _run("pg_dump", [*options, *chosen], url)


def listing(path: Path) -> str:
    """Return what a dump holds, one object on a line.

    Raises:
        BackupError: it is none, or damaged.
    """
    return _run("pg_restore", ["--list", str(path)])


def read_through(path: Path) -> None:
    """Read all data of a dump, and throw it away.

    Raises:
        BackupError: it is damaged.
    """
    _run("pg_restore", ["--file=/dev/null", str(path)])


def lines(path: Path) -> Iterator[bytes]:
    """Yield the lines of the SQL and data that a dump holds.

    Raises:
        BackupError: it is damaged.
    """
    with TemporaryFile() as said:
        program = [_program("pg_restore"), "--file=-", str(path)]
        with subprocess.Popen(program, stdout=subprocess.PIPE, stderr=said) as reading:
            if reading.stdout is not None:
                yield from reading.stdout
        said.seek(0)
        words = said.read().decode(errors="replace")
    if reading.returncode:
        raise BackupError(f"pg_restore failed: {_words(words)}")


def restore(url: str, path: Path) -> None:
    """Put the content of a dump in the place of a database's own, in one transaction.

    Raises:
        BackupError: PostgreSQL refused, or somebody held a table: nothing was changed.
    """
    wanted = [line for line in listing(path).splitlines() if not _is_left_out(line)]
    emptying = _emptying(url).encode()
    with NamedTemporaryFile("w", suffix=".list") as chosen, TemporaryFile() as said:
        chosen.write("\n".join(wanted))
        chosen.flush()
        options = ["--no-owner", f"--use-list={chosen.name}", "--file=-", str(path)]
        psql = subprocess.Popen(
            [_program("psql"), "--no-psqlrc", "--quiet", "-1", "--set=ON_ERROR_STOP=1"],
            bufsize=0,  # a pipe that broke has nothing left to be written when it is closed
            env=_environment(url),
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=said,
        )
        with _input_of(psql) as receiving:
            failure = _piped(emptying, options, receiving)
            if failure is not None and psql.poll() is None:
                psql.kill()  # at the end of its input it would commit
        code = psql.wait()
        said.seek(0)
        words = said.read().decode(errors="replace")
    if code > 0:
        raise BackupError(f"psql failed, and nothing was changed: {_words(words)}")
    if failure is not None:
        raise BackupError(f"pg_restore failed, and nothing was changed: {_words(failure)}")


def schemas(url: str) -> list[str]:
    """Return the schemas that a dump holds.

    Raises:
        BackupError: PostgreSQL does not answer.
    """
    try:
        with psycopg.connect(url, connect_timeout=10) as connection:
            rows = connection.execute(SCHEMAS, (list(LEFT_OUT),)).fetchall()
    except psycopg.Error as error:
        raise BackupError(f"PostgreSQL does not answer: {_words(str(error))}") from error
    return [name for (name,) in rows]


def _emptying(url: str) -> str:
    drops = [
        f"DROP SCHEMA {_quoted(schema)} CASCADE;" for schema in schemas(url) if schema != "public"
    ]
    return "\n".join([f"SET lock_timeout = '{LOCK_TIMEOUT_S}s';", *drops, EMPTY_PUBLIC, ""])


def _is_left_out(line: str) -> bool:
    return any(part in f"{line} " for part in _NOT_OURS)


def _input_of(child: subprocess.Popen[bytes]) -> IO[bytes]:
    if child.stdin is None:
        raise BackupError("psql takes no input.")
    return child.stdin


def _piped(first: bytes, options: Sequence[str], receiving: IO[bytes]) -> str | None:
    """Send what pg_restore writes to psql; return what it says if it fails."""
    try:
        receiving.write(first)
        receiving.flush()
    except BrokenPipeError:
        return "psql ended"
    done = subprocess.run(
        [_program("pg_restore"), *options], stdout=receiving, stderr=subprocess.PIPE, check=False
    )
    return done.stderr.decode(errors="replace") if done.returncode else None


def _run(program: str, options: Sequence[str], url: str | None = None) -> str:
    done = subprocess.run(
        [_program(program), *options],
        env=_environment(url),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
    )
    if done.returncode:
        said = _words(done.stderr.decode(errors="replace"))
        raise BackupError(f"{program} failed: {said or f'exit code {done.returncode}'}")
    return done.stdout.decode(errors="replace")


def _program(name: str) -> str:
    try:
        return str(binaries.postgres(name))
    except ServiceError:
        found = shutil.which(name)
        if found is None:
            raise
        return found


def _environment(url: str | None) -> dict[str, str]:
    """The password goes by the environment: arguments can be seen by everybody on the machine."""
    if url is None:
        return dict(os.environ)
    parsed = make_url(url)
    parts = {
        "PGHOST": parsed.host,
        "PGPORT": str(parsed.port or 5432),
        "PGUSER": parsed.username,
        "PGPASSWORD": parsed.password,
        "PGDATABASE": parsed.database,
        "PGSSLMODE": str(parsed.query.get("sslmode", "")) or None,
        "PGCONNECT_TIMEOUT": "10",
    }
    return {**os.environ, **{name: value for name, value in parts.items() if value}}


def _quoted(name: str) -> str:
    return sql.Identifier(name).as_string()


def _words(text: str) -> str:
    return " ".join(text.split())[:500]
