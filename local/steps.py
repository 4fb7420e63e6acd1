"""What a person sees while the platform starts: each step, what came of it, how long it took."""

from __future__ import annotations

import sys
import time
from contextlib import contextmanager
from typing import Iterator


class Steps:
    """Numbered steps on standard output.

    On a terminal a step's progress overwrites itself; elsewhere (a file, CI) each new word is a line.
    """

    def __init__(self) -> None:
        self._number = 0
        self._began = time.monotonic()
        self._terminal = sys.stdout.isatty()
        self._last = ""

    @contextmanager
    def step(self, title: str) -> Iterator[list[str]]:
        """Announce a step, then tell how it ended; what is appended to the yielded list is its result."""
        self._number += 1
        print(f"{self._number:2}  {title}", flush=True)
        began, result = time.monotonic(), []  # type: float, list[str]
        try:
            yield result
        except BaseException:
            self._line(f"    ✗ {time.monotonic() - began:6.1f} s")
            raise
        self._line(f"    ✓ {time.monotonic() - began:6.1f} s  {' '.join(result)}")

    def progress(self, text: str) -> None:
        """Show how far the current step is."""
        if text == self._last:
            return
        self._last = text
        if self._terminal:
            print(f"\r\033[K    … {text[:110]}", end="", flush=True)
        else:
            print(f"    … {text}", flush=True)

    @property
    def seconds(self) -> float:
        """How long all steps have taken so far."""
        return time.monotonic() - self._began

    def _line(self, text: str) -> None:
        self._last = ""
        print(f"\r\033[K{text}" if self._terminal else text, flush=True)


def table(rows: list[list[str]]) -> str:
    """Lay out rows under their heading (the first): words to the left, figures to the right."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    figures = [
        all(row[column].replace(",", "").lstrip("-").isdigit() or row[column] == "–" for row in rows[1:])
        for column in range(len(widths))
    ]
    lines = [
        "  ".join(cell.rjust(width) if right else cell.ljust(width) for cell, width, right in zip(row, widths, figures))
        for row in rows
    ]
    return "\n".join(line.rstrip() for line in [lines[0], "  ".join("─" * width for width in widths), *lines[1:]])
