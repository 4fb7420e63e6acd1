"""Which datasets an asset event tells of: their answers are not given again once they are of a new version."""

from collections.abc import Iterable

from quayside.errors import Terminal
from quayside.serving.health.promises import load_promises

_CURATED = ".curated"


def changed_by(assets: Iterable[str]) -> tuple[str, ...]:
    """Return the datasets that assets stand for, sorted.

    :param assets: ``<pipeline>.curated`` for all that the pipeline keeps in the lake, ``warehouse.<table>`` for that table
    :raises Terminal: an asset is none of these
    """
    promises = load_promises()
    found: set[str] = set()
    for asset in assets:
        pipeline = asset.removesuffix(_CURATED)
        made = {
            name
            for name, promise in promises.items()
            if asset.endswith(_CURATED)
            and (
                promise.dag == f"{pipeline}_curated"
                or (promise.stage == "landing" and promise.landed[0].startswith(f"{pipeline}."))
            )
        }
        made |= {asset} & promises.keys()
        if not made:
            raise Terminal(
                f"No contract says which datasets the asset {asset} stands for: schedule on another, or add it."
            )
        found |= made
    return tuple(sorted(found))
