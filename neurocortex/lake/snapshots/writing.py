"""Writing a collection or a table to a Parquet file, as of one moment."""

import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from psycopg import sql
from sqlalchemy import Connection, Engine, select

from neurocortex.domain.columns import Column, ColumnType
from neurocortex.lake import collections
from neurocortex.lake.collections import Collection
from neurocortex.lake.database import driver, translated
from neurocortex.lake.loads import LoadKind
from neurocortex.lake.rows import table
from neurocortex.lake.snapshots.layout import CHUNK, DOCUMENT, Header, footer, schema
from neurocortex.lake.tables import SCHEMA, ModelRow
from neurocortex.lake.versions import history

ROWS: Final = 5_000
"""Rows of a row group: some megabytes of chunks with their vectors."""

HEADER_BYTES: Final = 4
"""What `halfvec_send` writes before the numbers: the dimension, and two bytes of nothing."""

CHUNKS: Final = """
SELECT documents.source, documents.title, documents.media_type, documents.checksum,
    documents.metadata, chunks.ordinal, chunks.text, chunks.start, chunks."end", chunks.heading,
    chunks.page {vector}
FROM lake.documents LEFT JOIN lake.chunks ON chunks.document_id = documents.id {vectors}
WHERE documents.collection_id = {collection} ORDER BY documents.id, chunks.ordinal
"""


def write(engine: Engine, name: str, path: Path) -> int:
    """Write a collection, or a table of a dataset, to a Parquet file; return its rows.

    The file is there when it is whole, and takes the place of an older one then.

    Args:
        engine: of the Lake.
        name: of the collection, or else of the table; `data.NAME` is the table always.
        path: the file; its folder exists.

    Raises:
        TargetNotFoundError: there is neither.
        LakeUnavailableError: PostgreSQL does not answer.
        OSError: the file cannot be written.
    """
    with translated(), engine.connect() as plain:
        connection = plain.execution_options(isolation_level="REPEATABLE READ")
        target = history.find(connection, name)
        if target.kind is LoadKind.ROWS:
            return _write_table(connection, target.table, path)
        return _write_collection(connection, collections.find(connection, target.name), path)


def _write_collection(connection: Connection, collection: Collection, path: Path) -> int:
    columns = schema(collection.dimension)
    query = sql.SQL(CHUNKS).format(
        vector=sql.SQL(", halfvec_send(embedding)" if collection.vector_table else ""),
        vectors=_vectors(collection),
        collection=sql.Literal(collection.id),
    )
    with _replacing(path, columns) as writer:
        rows = 0
        for group in _groups(connection, query):
            writer.write_batch(_chunks(group, columns))
            rows += len(group)
        header = Header(
            collection=collection.name,
            embedder=collection.embedder,
            model_version=collection.model_version,
            dimension=collection.dimension,
            documents=collection.document_count,
            chunks=collection.chunk_count,
        )
        writer.add_key_value_metadata(footer(header, _model(connection, collection)))
    return rows


def _write_table(connection: Connection, name: str, path: Path) -> int:
    columns = table.columns_of(driver(connection), name)
    types = pa.schema([pa.field(each.name, _type(each), each.nullable) for each in columns])
    query = sql.SQL("SELECT {} FROM {}").format(
        table.names([column.name for column in columns]), sql.Identifier(table.SCHEMA, name)
    )
    with _replacing(path, types) as writer:
        rows = 0
        for group in _groups(connection, query):
            values = zip(*group, strict=True)
            arrays = [pa.array(each, kind.type) for each, kind in zip(values, types, strict=True)]
            writer.write_batch(pa.record_batch(arrays, schema=types))
            rows += len(group)
    return rows


@contextmanager
def _replacing(path: Path, columns: pa.Schema) -> Iterator[pq.ParquetWriter]:
    """Give a writer whose file appears at `path` when it is complete, and not before."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with pq.ParquetWriter(
            beside, columns, compression="zstd", write_page_checksum=True
        ) as writer:
            yield writer
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


def _groups(connection: Connection, query: sql.Composed) -> Iterator[Sequence[Sequence[object]]]:
    """Yield rows in groups, fetched as they are used."""
    with driver(connection).cursor(name="snapshot") as cursor:
        cursor.execute(query)
        while group := cursor.fetchmany(ROWS):
            yield group


def _chunks(rows: Sequence[Sequence[object]], columns: pa.Schema) -> pa.RecordBatch:
    """Return rows of `CHUNKS` as a batch."""
    values = [list(column) for column in zip(*rows, strict=True)]
    metadata = DOCUMENT.get_field_index("metadata")
    values[metadata] = [json.dumps(each, ensure_ascii=False) for each in values[metadata]]
    plain = len(DOCUMENT) + len(CHUNK)
    arrays = [pa.array(values[place], columns.field(place).type) for place in range(plain)]
    if len(columns) > plain:
        arrays.append(_halves(values[plain], columns.field(plain).type))
    return pa.record_batch(arrays, schema=columns)


def _halves(encoded: Sequence[object], kind: pa.DataType) -> pa.Array:
    """Return what `halfvec_send` gave as lists of half precision; null where it gave nothing."""
    size = kind.list_size
    matrix = np.zeros((len(encoded), size), np.float16)
    for place, each in enumerate(encoded):
        if isinstance(each, bytes):
            matrix[place] = np.frombuffer(each, ">f2", offset=HEADER_BYTES)
    missing = pa.array([each is None for each in encoded])
    return pa.FixedSizeListArray.from_arrays(pa.array(matrix.ravel()), size, mask=missing)


def _vectors(collection: Collection) -> sql.Composable:
    if collection.vector_table is None:
        return sql.SQL("")
    vectors = sql.Identifier(SCHEMA, collection.vector_table)
    return sql.SQL("LEFT JOIN {} AS vectors ON vectors.chunk_id = chunks.id").format(vectors)


def _model(connection: Connection, collection: Collection) -> bytes | None:
    """Return the model that was fitted on the collection, as the Lake stores it."""
    return connection.scalar(
        select(ModelRow.content).where(
            ModelRow.collection_id == collection.id,
            ModelRow.version == collection.model_version,
        )
    )


def _type(column: Column) -> pa.DataType:
    match column.type:
        case ColumnType.INTEGER:
            return pa.int64()
        case ColumnType.NUMBER:
            return pa.float64()
        case ColumnType.TEXT:
            return pa.string()
        case ColumnType.BOOLEAN:
            return pa.bool_()
        case ColumnType.DATE:
            return pa.date32()
        case ColumnType.TIMESTAMP:
            return pa.timestamp("us", column.timezone)
