"""The process of a run: its output line by line, its end within a time, and nothing of it left behind."""

import asyncio
import os
import signal
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

SECONDS_TO_NOTICE = 0.05
SECONDS_TO_DRAIN = 10
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
    readers = asyncio.gather(_forward(process.stdout, output), _forward(process.stderr, errors))
    try:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while process.returncode is None and not stop.is_set():  # wait() waits for its children's output too
                    await asyncio.sleep(SECONDS_TO_NOTICE)
        return process.returncode
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        with suppress(TimeoutError):  # of output that is held open by what has left the process's group
            await asyncio.wait_for(readers, SECONDS_TO_DRAIN)


async def _forward(stream: asyncio.StreamReader | None, lines: Lines) -> None:
    rest = b""
    while stream and (chunk := await stream.read(CHUNK)):
        *whole, rest = (rest + chunk).split(b"\n")
        if len(rest) > LONGEST_LINE - CHUNK:
            whole, rest = [*whole, rest], b""
        lines([line.decode(errors="replace") for line in whole])
    lines([rest.decode(errors="replace")])
