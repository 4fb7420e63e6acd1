"""The stars of a lake's curated tables, derived and loaded as the flow does."""

from quayside.contract import contract_names, load_contract
from quayside.curated.catalog import Catalog
from quayside.curated.stars import derive_stars
from quayside.lake import Lake
from quayside.ledger import Ledger
from quayside.run import Run
from quayside.settings import Credentials, Settings
from quayside.warehouse import load
from tests.hospitality.curated import BATCH

STARS = tuple(map(load_contract, contract_names("warehouse", product="hospitality")))


def fill(settings: Settings, credentials: Credentials) -> None:
    """Fill a warehouse from all partitions of the lake's curated tables."""
    catalog, run = Catalog.of(settings), _run(settings)
    changes = {}
    for name in contract_names("hospitality"):
        table = name.partition(".")[2]
        changes[name] = [] if table == "product" else [value for (value,) in catalog.partitions(table)]
    derive_stars(changes, (f"swiftpos.sale/{BATCH}",), STARS, run)
    load(STARS, run, credentials)


def _run(settings: Settings) -> Run:
    return Run(
        id="questions",
        settings=settings,
        lake=Lake.of(settings),
        ledger=Ledger.of(settings),
        progress=lambda dataset, message: None,
    )
