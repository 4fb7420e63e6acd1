"""Lets the host into the network that the containers of docker-compose.yaml share.

Servers there listen on 127.0.0.1, as they do on a laptop. What Docker publishes arrives at the container's own address:
here, from where it is handed on to the same port of 127.0.0.1.
"""

from __future__ import annotations

import asyncio
import socket
from contextlib import suppress
from functools import partial
from typing import Iterable

AT_ONCE = 65536  # bytes


def serve(ports: Iterable[int]) -> None:
    """Hand connections on until stopped."""
    asyncio.run(_serve(socket.gethostbyname(socket.gethostname()), list(ports)))


async def listen(address: str, port: int, to: int) -> asyncio.Server:
    """Accept connections on ``address`` and ``port``, and hand each on to a port of 127.0.0.1."""
    return await asyncio.start_server(partial(_hand_on, to), address, port)


async def _serve(address: str, ports: list[int]) -> None:
    for server in [await listen(address, port, port) for port in ports]:
        print(f"{address}:{server.sockets[0].getsockname()[1]} → 127.0.0.1", flush=True)
    await asyncio.Event().wait()


async def _hand_on(port: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Carry bytes both ways until both sides have said all; who hangs up, or is not there, ends both."""
    with suppress(OSError):
        inner_reader, inner_writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            await asyncio.gather(_carry(reader, inner_writer), _carry(inner_reader, writer))
        finally:
            inner_writer.close()
    writer.close()


async def _carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(AT_ONCE):
        writer.write(data)
        await writer.drain()
    writer.write_eof()
