"""How this process treats memory that it has freed."""

import ctypes
from functools import cache

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3  # mallopt's numbers for them, from malloc.h
LARGE = 4 * 1024 * 1024


@cache
def give_back_large_blocks() -> None:
    """Let the C library return freed blocks of 4 MB and more to the system, at once and for the life of the process.

    Left alone, GNU's learns to keep them for each thread, and with every file that is uploaded a few megabytes more lie
    idle: at ten million rows sixty. Others have no such option, nor the habit.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(M_MMAP_THRESHOLD, LARGE)
        mallopt(M_TRIM_THRESHOLD, LARGE)
