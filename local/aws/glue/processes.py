"""The process of a run: its output line by line, its end within a time, and nothing of it left behind."""

import asyncio
import os
import signal
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

CHUNK = 64 * 1024
LONGEST_LINE = 256 * 1024  # what an event of CloudWatch Logs holds

Lines = Callable[[list[str]], None]


async def complete(
    command: Sequence[str],
    *,
    env: Mapping[str, str],
    cwd: Path,
    seconds: float,
    stop: asyncio.Event,
    output: Lines,
    errors: Lines,
) -> int | None:
    """Run a command to its end, then end what it has started and left.

    :param stop: ends it before, once set
    :param output: is given the lines of its standard output while it runs; ``errors`` those of its standard error
    :returns: the code it ended with; None if it was stopped or has taken more than ``seconds``
    """
    process = await asyncio.create_subprocess_exec(
        *command,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=dict(env),
        cwd=cwd,
        process_group=0,  # but in the server's session, so that it ends with that
    )
    ended, stopped = asyncio.create_task(process.wait()), asyncio.create_task(stop.wait())
    readers = asyncio.gather(_forward(process.stdout, output), _forward(process.stderr, errors))
    try:
        done, _ = await asyncio.wait({ended, stopped}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    finally:
        stopped.cancel()
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    await asyncio.gather(ended, readers)
    return process.returncode if ended in done else None


async def _forward(stream: asyncio.StreamReader | None, lines: Lines) -> None:
    rest = b""
    while stream and (chunk := await stream.read(CHUNK)):
        *whole, rest = (rest + chunk).split(b"\n")
        if len(rest) > LONGEST_LINE - CHUNK:
            whole, rest = [*whole, rest], b""
        lines([line.decode(errors="replace") for line in whole])
    lines([rest.decode(errors="replace")])
