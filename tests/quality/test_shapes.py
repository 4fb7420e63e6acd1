"""Types of JSON: what a contract promises, and what came."""

import duckdb
import pytest

from quayside.contract import Contract, load_contract
from quayside.quality.shapes import Shapes

SALE, PRODUCT = load_contract("swiftpos.sale"), load_contract("swiftpos.product")


def misfits(contract: Contract, record: str) -> dict[str, str]:
    with duckdb.connect() as connection:
        [(structure,)] = connection.execute(
            "select json_structure(?)", [f'{{"row":0,"of":{{"Id":1}},"record":{record}}}']
        ).fetchall()
    return Shapes(contract).misfits(str(structure))


@pytest.mark.parametrize(
    "record",
    [
        "{}",
        '{"Id":5,"ReceiptId":null,"Customer":null,"Items":[],"Media":null}',
        '{"Customer":{},"Table":{"Id":3}}',
        '{"SaleType":7,"Reason":true}',  # text is what it is written as
        '{"Items":[{"Quantity":2},{"Quantity":-1.5},{"Quantity":null},{}]}',
        '{"Items":[{"Plu":1},{"Plu":-1}]}',
        '{"NewField":[1,{"a":[]}]}',
    ],
)
def test_what_may_be_absent_null_empty_or_new_fits(record: str) -> None:
    assert misfits(SALE, record) == {}


@pytest.mark.parametrize(
    ("record", "found"),
    [
        ('{"Id":"5"}', {"sale_id": "text"}),
        ('{"Id":5.0}', {"sale_id": "a number"}),
        ('{"Id":[5]}', {"sale_id": "a list"}),
        ('{"SaleType":{"Id":1}}', {"sale_type": "an object"}),
        ('{"TransactionDate":20260501}', {"sold_at": "a number"}),
        ('{"Clerk":7}', {"clerk_id": "in no object", "clerk_name": "in no object"}),
        ('{"Items":{"0":1}}', {"items": "an object"}),
        ('{"Items":"none"}', {"items": "text"}),
        ('{"Items":[[]]}', {"items": "elements are a list"}),
        ('{"Items":[{"Plu":1},{"Plu":"x"}]}', {"items": "Plu is of several types"}),
        ('{"Items":[{"IsVoid":"no","Plu":1.5}]}', {"items": "Plu is a number, IsVoid is text"}),
        (
            '{"Items":[{"Group":{"Id":1}},{"Group":3}]}',
            {"items": "Group.Id is of several types, Group.Name is of several types"},
        ),
    ],
)
def test_what_is_of_another_type_is_told_without_its_value(record: str, found: dict[str, str]) -> None:
    assert misfits(SALE, record) == found


@pytest.mark.parametrize(("barcodes", "found"), [('["93", 7]', "of several"), ('[{"a":1}]', "an object")])
def test_elements_without_fields_are_plain_values(barcodes: str, found: str) -> None:
    assert found in misfits(PRODUCT, f'{{"Barcodes":{barcodes}}}')["barcodes"]
    assert misfits(PRODUCT, '{"Barcodes":["93"]}') == {}
