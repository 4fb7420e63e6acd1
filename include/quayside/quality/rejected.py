"""What is in quarantine of a batch, and what became of it.

The ledger's ``replay#<batch>#<by>`` says of each batch that replays some of another: ``rows``, their positions in that
one's quarantine, ``corrected``, those of them that a person has corrected, ``by`` whom and ``because`` of what.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from quayside.manifest import Manifest
from quayside.quality.quarantine import RULES, quarantine_key
from quayside.run import Run


@dataclass(frozen=True, slots=True)
class Rejected:
    """One rejected record.

    :param position: in the quarantine of its batch
    :param row: its ordinal in the batch
    :param by: the batch that replays it; None where none does
    """

    position: int
    row: int
    rules: tuple[str, ...]
    reason: str
    by: str | None


def rejected(dataset: str, batch: str, run: Run) -> list[Rejected]:
    """Return what is in quarantine of a batch, in the order of its rows.

    :raises Terminal: the ledger knows no such batch
    """
    run.ledger.batch(dataset, batch)
    key = quarantine_key(dataset, batch)
    if not run.lake.exists(key):
        return []
    by = {position: name for name, note in _replays(dataset, batch, run).items() for position in spread(note["rows"])}
    notes = run.lake.read_table([key], columns=["_row", "_rule", "_reason"]).to_pylist()
    return [
        Rejected(position, note["_row"], tuple(note["_rule"].split(RULES)), note["_reason"], by.get(position))
        for position, note in enumerate(notes)
    ]


def released(manifest: Manifest, run: Run) -> dict[str, np.ndarray]:
    """Return the rules that rows of a batch may break, as a person has decided: rule → ordinals, ascending."""
    if manifest.kind != "replay":
        return {}
    batch = manifest.inputs[0]
    note = _replays(manifest.dataset, batch, run)[manifest.batch]
    corrected, found = set(spread(note["corrected"])), dict[str, list[int]]()
    rules = run.lake.read_table([quarantine_key(manifest.dataset, batch)], columns=["_rule"])["_rule"].to_pylist()
    for ordinal, position in enumerate(spread(note["rows"])):
        for rule in str(rules[position]).split(RULES) if position not in corrected else ():
            found.setdefault(rule, []).append(ordinal)
    return {rule: np.array(ordinals) for rule, ordinals in found.items()}


def ranges(numbers: Iterable[int]) -> str:
    """Write ascending numbers as ``0-17,20``."""
    parts: list[list[int]] = []
    for number in numbers:
        if parts and number == parts[-1][1] + 1:
            parts[-1][1] = number
        else:
            parts.append([number, number])
    return ",".join(str(first) if first == last else f"{first}-{last}" for first, last in parts)


def spread(text: str) -> list[int]:
    """Read what `ranges` wrote."""
    bounds = [[int(end) for end in part.split("-")] for part in text.split(",") if part]
    return [number for part in bounds for number in range(part[0], part[-1] + 1)]


def _replays(dataset: str, batch: str, run: Run) -> dict[str, dict[str, Any]]:
    """Return the notes on the batches that replay some of a batch, by the batch."""
    start = f"replay#{batch}#"
    return {note["entry"].removeprefix(start): note for note in run.ledger.notes(dataset, start)}
