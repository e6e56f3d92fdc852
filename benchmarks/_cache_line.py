"""A line to Redis that can be cut and mended."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from urllib.parse import urlsplit

CHUNK: int = 65536


class Line:
    """Made by `laid`."""

    def __init__(self, url: str) -> None:
        self._far = urlsplit(url)
        self._writers: set[asyncio.StreamWriter] = set()
        self.is_cut = False
        self.url = ""
        """As the near end knows Redis."""

    def cut(self) -> None:
        """Close every connection, and refuse new ones."""
        self.is_cut = True
        for writer in self._writers:
            writer.close()

    def mend(self) -> None:
        """Let connections through again."""
        self.is_cut = False

    async def carry(self, near: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
        """Carry one connection."""
        if self.is_cut:
            back.close()
            return
        far, out = await asyncio.open_connection(self._far.hostname, self._far.port)
        self._writers |= {back, out}
        with suppress(OSError):
            await asyncio.gather(_pump(near, out), _pump(far, back))
        self._writers -= {back, out}

    def lead_to(self, port: int) -> None:
        """Note where the near end is."""
        host = f"{self._far.username or ''}:{self._far.password}@127.0.0.1:{port}"
        self.url = self._far._replace(netloc=host).geturl()


@asynccontextmanager
async def laid(url: str) -> AsyncGenerator[Line]:
    """Lay a line to a Redis."""
    line = Line(url)
    server = await asyncio.start_server(line.carry, "127.0.0.1", 0)
    line.lead_to(server.sockets[0].getsockname()[1])
    yield line
    line.cut()
    server.close()


async def _pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    while data := await source.read(CHUNK):
        sink.write(data)
        await sink.drain()
    sink.close()
