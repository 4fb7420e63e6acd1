"""Contracts: what they say, and how a broken one is refused."""

from pathlib import Path

import pytest

from quayside.contract import Contract, contract_names, load_contract
from quayside.errors import Terminal
from quayside.types import arrow_schema, arrow_type, hive_type

STARS = {"fact_sales_order", "fact_purchase_order", "fact_payment"}
GOOD = """
apiVersion: v3.1.0
kind: DataContract
id: shop.till
version: 1.0.0
schema:
  - name: till
    properties:
      - {name: till_id, physicalType: integer, primaryKey: true}
      - {name: takings, physicalType: "numeric(12,2)", required: true}
"""


def read(folder: Path, text: str) -> Contract:
    (folder / "shop").mkdir()
    (folder / "shop" / "till.yaml").write_text(text)
    return load_contract("shop.till", folder)


def all_contracts() -> list[Contract]:
    return [load_contract(name) for domain in ("totesys", "warehouse") for name in contract_names(domain)]


def test_the_platform_has_eleven_sources_and_eleven_star_tables() -> None:
    assert (len(contract_names("totesys")), len(contract_names("warehouse", product="totesys"))) == (11, 11)
    assert {c.table for c in all_contracts() if c.history} == STARS


@pytest.mark.parametrize("contract", all_contracts(), ids=lambda contract: contract.name)
def test_every_contract_has_a_key_an_owner_descriptions_and_types_the_lake_carries(contract: Contract) -> None:
    assert contract.key.required
    assert contract.owner != "unowned"
    assert contract.description
    assert all(column.description and hive_type(column) for column in contract.columns)
    assert len(arrow_schema(contract)) == len(contract.columns)


@pytest.mark.parametrize("contract", all_contracts(), ids=lambda contract: contract.name)
def test_every_reference_points_to_a_key(contract: Contract) -> None:
    for column in contract.columns:
        if column.references:
            dataset, _, key = column.references.rpartition(".")
            assert load_contract(dataset).key.name == key


@pytest.mark.parametrize("contract", [c for c in all_contracts() if c.domain == "warehouse"], ids=lambda c: c.name)
def test_account_numbers_never_reach_a_star(contract: Contract) -> None:
    assert not [column.name for column in contract.columns if column.restricted or "ac_number" in column.name]


def test_account_numbers_are_restricted_to_landing() -> None:
    restricted = {column.name for column in load_contract("totesys.payment").columns if column.restricted}
    assert restricted == {"company_ac_number", "counterparty_ac_number"}


def test_money_is_exact(tmp_path: Path) -> None:
    contract = read(tmp_path, GOOD)
    assert [column.name for column in contract.money] == ["takings"]
    assert str(arrow_type(contract.column("takings"))) == "decimal128(12, 2)"


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (("id: shop.till", "id: shop.tills"), "its id must be shop.till"),
        (("version: 1.0.0", ""), "no version"),
        (("kind: DataContract", "kind: DataContract\ncolour: red"), "colour"),
        (("physicalType: integer, ", ""), "till_id needs a name and a physicalType"),
        (
            ("required: true}", "required: true, quality: [{engine: soda, severity: error}]}"),
            "engine: greatExpectations",
        ),
        (("  - name: till\n", "  - name: till\n    customProperties: [{property: cursr, value: x}]\n"), "cursr"),
        (("schema:", "schema: ["), "not a YAML mapping"),
    ],
)
def test_a_broken_contract_is_refused_with_its_place(tmp_path: Path, change: tuple[str, str], told: str) -> None:
    with pytest.raises(Terminal, match=told) as refusal:
        read(tmp_path, GOOD.replace(*change))
    assert "include/contracts/shop/till.yaml" in str(refusal.value)


def test_a_missing_contract_says_which_file_to_write() -> None:
    with pytest.raises(Terminal, match=r"include/contracts/totesys/invoice\.yaml"):
        load_contract("totesys.invoice")


def test_a_contract_without_one_key_is_refused_when_the_key_is_asked_for(tmp_path: Path) -> None:
    with pytest.raises(Terminal, match="primaryKey"):
        _ = read(tmp_path, GOOD.replace(", primaryKey: true", "")).key


def test_a_type_that_is_not_carried_is_refused(tmp_path: Path) -> None:
    contract = read(tmp_path, GOOD.replace("physicalType: integer", "physicalType: money"))
    with pytest.raises(Terminal, match="money is not carried"):
        arrow_schema(contract)


def test_an_unknown_column_is_refused_with_those_there_are(tmp_path: Path) -> None:
    with pytest.raises(Terminal, match="till_id, takings"):
        read(tmp_path, GOOD).column("colour")
