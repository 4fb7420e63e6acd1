"""Which rows a window holds: every row version that the last snapshot could not see (docs/decisions/0001)."""

from dataclasses import dataclass
from datetime import timedelta

from psycopg import sql

from quayside.contract import Contract
from quayside.errors import Terminal
from quayside.ledger import Position
from quayside.sources.postgres import Identity, Snapshot

OVERLAP = timedelta(hours=1)
# Transaction ids in rows have 32 bits: further back than this an old one could be taken for a new one.
FURTHEST = 2**31 - 2**24


@dataclass(frozen=True, slots=True)
class Window:
    """Which rows to read, as a condition over the source table.

    :param note: what a person should know about it; empty in the normal case
    """

    where: sql.Composable
    note: str = ""


def window(contract: Contract, before: Position, snapshot: Snapshot) -> Window:
    """Return what to read so that, with all that was read before, nothing that the snapshot shows is missing.

    A row version that the last snapshot did not show was written by a transaction that had not ended by then. Its id,
    which the version carries (``xmin``), is therefore not below that snapshot's horizon, whatever its clock said and
    however late it committed.

    :raises Terminal: the contract names no cursor
    """
    if before.cursor is None and before.horizon is None:
        return Window(sql.SQL("true"))
    newer = _after(contract, before, sql.SQL(">"), timedelta(0))
    again = _after(contract, before, sql.SQL(">="), OVERLAP)
    written = sql.SQL("age(xmin) between 0 and age({}::xid8::xid)").format(sql.Literal(str(before.horizon)))
    last = Identity.parse(before.source or "")
    if before.horizon is None or last.system != snapshot.identity.system:
        return Window(
            again,
            f"the source is another server than last time: reading again from {OVERLAP} before the cursor; "
            "compare keys to find what changed earlier",
        )
    if not 0 <= snapshot.upcoming - before.horizon < FURTHEST:
        return Window(
            again,
            "the source's transaction ids went back, or too far ahead, since the last window: reading "
            f"again from {OVERLAP} before the cursor; compare keys to find what changed earlier",
        )
    if last.start != snapshot.identity.start:
        # Perhaps a plain restart; perhaps a stand-by or a backup took over, and gives out lost ids once more.
        return Window(
            _either(again, written), f"the source was restarted: reading again from {OVERLAP} before the cursor"
        )
    return Window(_either(newer, written))


def _after(contract: Contract, before: Position, operator: sql.SQL, overlap: timedelta) -> sql.Composable:
    if contract.cursor is None:
        raise Terminal(f"Contract {contract.name} names no cursor: give its schema the custom property cursor.")
    if before.cursor is None:
        return sql.SQL("true")
    return sql.SQL("{} {} {}").format(sql.Identifier(contract.cursor), operator, sql.Literal(before.cursor - overlap))


def _either(first: sql.Composable, second: sql.Composable) -> sql.Composable:
    return sql.SQL("({} or {})").format(first, second)
