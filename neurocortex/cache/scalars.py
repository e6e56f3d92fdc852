"""Bytes of the plain values that MessagePack does not know."""

from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import IntEnum
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo


class Tag(IntEnum):
    """Extension types. A number, once given, keeps its meaning: Redis and disks hold them."""

    TUPLE = 1
    SET = 2
    FROZENSET = 3
    PAIRS = 4
    INT = 5
    COMPLEX = 6
    DATETIME = 7
    DATE = 8
    TIME = 9
    TIMEDELTA = 10
    UUID = 11
    DECIMAL = 12
    ARRAY = 13
    SCALAR = 14
    FRAME = 15
    SERIES = 16
    MISSING = 17
    ADAPTED = 18


def _write_int(value: int) -> bytes:
    return value.to_bytes(value.bit_length() // 8 + 1, "big", signed=True)


def _read_int(data: bytes) -> int:
    return int.from_bytes(data, "big", signed=True)


def _write_datetime(value: datetime) -> bytes:
    """Local time, fold and zone: the name of a ZoneInfo, else the offset as part of the time."""
    if isinstance(value.tzinfo, ZoneInfo) and value.tzinfo.key:
        return f"{value.replace(tzinfo=None).isoformat()}|{value.fold}|{value.tzinfo.key}".encode()
    return f"{value.isoformat()}|{value.fold}|".encode()


def _read_datetime(data: bytes) -> datetime:
    text, fold, zone = data.decode().split("|")
    value = datetime.fromisoformat(text).replace(fold=int(fold))
    return value.replace(tzinfo=ZoneInfo(zone)) if zone else value


def _write_time(value: time) -> bytes:
    if value.tzinfo is not None and value.utcoffset() is None:
        raise ValueError("a time of day in a zone without an offset")
    return f"{value.isoformat()}|{value.fold}".encode()


def _read_time(data: bytes) -> time:
    text, fold = data.decode().split("|")
    return time.fromisoformat(text).replace(fold=int(fold))


def _write_timedelta(value: timedelta) -> bytes:
    return f"{value.days} {value.seconds} {value.microseconds}".encode()


def _read_timedelta(data: bytes) -> timedelta:
    days, seconds, microseconds = map(int, data.split())
    return timedelta(days, seconds, microseconds)


def _read_uuid(data: bytes) -> UUID:
    return UUID(bytes=data)


def _write_complex(value: complex) -> bytes:
    return f"{value.real!r} {value.imag!r}".encode()


def _read_complex(data: bytes) -> complex:
    real, imaginary = map(float, data.split())
    return complex(real, imaginary)


WRITERS: Final[dict[type, tuple[Tag, Callable[[Any], bytes]]]] = {
    int: (Tag.INT, _write_int),
    complex: (Tag.COMPLEX, _write_complex),
    datetime: (Tag.DATETIME, _write_datetime),
    date: (Tag.DATE, lambda value: value.isoformat().encode()),
    time: (Tag.TIME, _write_time),
    timedelta: (Tag.TIMEDELTA, _write_timedelta),
    UUID: (Tag.UUID, lambda value: value.bytes),
    Decimal: (Tag.DECIMAL, lambda value: str(value).encode()),
}

READERS: Final[dict[int, Callable[[bytes], object]]] = {
    Tag.INT: _read_int,
    Tag.COMPLEX: _read_complex,
    Tag.DATETIME: _read_datetime,
    Tag.DATE: lambda data: date.fromisoformat(data.decode()),
    Tag.TIME: _read_time,
    Tag.TIMEDELTA: _read_timedelta,
    Tag.UUID: _read_uuid,
    Tag.DECIMAL: lambda data: Decimal(data.decode()),
}
