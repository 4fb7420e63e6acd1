"""DynamoDB's conditions without parsing them anew for each item, which makes long queries slow."""

import re
from functools import lru_cache
from typing import Any

from local.aws.seam import check

PARSING = ("_tokenize(expr)", "_condition_syntax_error(expr, slot)")
EVALUATING = "_evaluate_condition(expr, item, attr_values, attr_names, slot)"
PLAIN = "ConditionExpression"
# The key's first name, and how the second begins: what our ledger is asked for, a thousand items at a time.
KEYS = re.compile(r"(#\w+) = (:\w+)(?: AND begins_with\((#\w+), (:\w+)\))?")


def install() -> None:
    """Let ministack remember what it has parsed, and take the most frequent condition as it is.

    :raises SeamMoved: ministack is not as expected
    """
    service = check({"dynamodb": (*PARSING, EVALUATING)})["dynamodb"]
    for name in (signature.partition("(")[0] for signature in PARSING):  # nobody changes what these return
        setattr(service, name, lru_cache(maxsize=1024)(getattr(service, name)))
    stock, match = service._evaluate_condition, lru_cache(maxsize=1024)(KEYS.fullmatch)

    def evaluate(
        expr: str, item: dict[str, Any], attr_values: dict[str, Any], attr_names: dict[str, str], slot: str = PLAIN
    ) -> bool:
        found = match(expr) if slot == "KeyConditionExpression" else None
        if found is None:
            return bool(stock(expr, item, attr_values, attr_names, slot))
        name, value, sort, begin = found.groups()
        try:
            same = bool(item[attr_names[name]]["S"] == attr_values[value]["S"])
            return same and (sort is None or item[attr_names[sort]]["S"].startswith(attr_values[begin]["S"]))
        except (KeyError, TypeError):  # what is wrong with it is told in DynamoDB's words
            return bool(stock(expr, item, attr_values, attr_names, slot))

    setattr(service, "_evaluate_condition", evaluate)  # noqa: B010 - see seam.py
