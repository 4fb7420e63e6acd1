"""A condition is parsed once, not anew for each item that it is held against, which makes long queries slow."""

from functools import lru_cache

from local.aws.seam import check

PARSING = ("_tokenize(expr)", "_condition_syntax_error(expr, slot)")


def install() -> None:
    """Let ministack remember what it has parsed; nobody changes what these functions return.

    :raises SeamMoved: ministack is not as expected
    """
    service = check({"dynamodb": PARSING})["dynamodb"]
    for name in (signature.partition("(")[0] for signature in PARSING):
        setattr(service, name, lru_cache(maxsize=1024)(getattr(service, name)))
