"""What operators take and give: contracts by their names, points in time, small records for the UI."""

from collections.abc import Iterable
from dataclasses import asdict, is_dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from airflow.sdk import Asset, AssetAlias

if TYPE_CHECKING:
    from quayside.contract import Contract
    from quayside.ledger import Entry, Ledger, Stage


def contracts_of(names: Iterable[str]) -> "list[Contract]":
    """Return the contracts of these names."""
    from quayside.contract import load_contract

    return [load_contract(name) for name in names]


def waiting(ledger: "Ledger", datasets: Iterable[str], *stages: "Stage") -> bool:
    """Tell whether any batch of these datasets waits at any of these stages."""
    return any(ledger.pending(name, stage) for name in datasets for stage in stages)


def assets_of(outlets: Iterable[Any]) -> list[Asset | AssetAlias]:
    """Return the assets among a task's outlets."""
    return [outlet for outlet in outlets if isinstance(outlet, Asset | AssetAlias)]


def event_of(entries: "Iterable[Entry]", run: str) -> dict[str, Any]:
    """Return what an asset event says of the batches that wait to be taken on."""
    entries = list(entries)
    return {
        "datasets": sorted({entry.dataset for entry in entries}),
        "batches": [f"{entry.dataset}/{entry.batch}" for entry in entries],
        "manifests": [entry.manifest for entry in entries],
        "run": run,
    }


def moment(text: str) -> datetime:
    """Return a point in time as sources keep it: UTC, without offset."""
    given = datetime.fromisoformat(text)
    return given.astimezone(UTC).replace(tzinfo=None) if given.tzinfo else given


def records(results: Iterable[Any]) -> list[dict[str, Any]]:
    """Return what a stage's function gave as JSON values, without what is empty: small records, never rows."""
    return [
        {name: _plain(value) for name, value in asdict(result).items() if value not in (None, "", (), {})}
        if is_dataclass(result) and not isinstance(result, type)
        else {"line": str(result)}
        for result in results
    ]


def _plain(value: Any) -> Any:
    if isinstance(value, float):
        return round(value, 1)
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value))
    return value if isinstance(value, str | int | bool) else str(value)
