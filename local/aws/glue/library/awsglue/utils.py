"""A job's arguments."""

import argparse
from collections.abc import Sequence
from typing import Any, NoReturn

GLUES_OWN = (  # Glue passes these, a script need not ask for them
    "job-bookmark-option",
    "job-bookmark-from",
    "job-bookmark-to",
    "JOB_ID",
    "JOB_RUN_ID",
    "SECURITY_CONFIGURATION",
    "encryption-type",
    "enable-data-lineage",
)
TEMPORARY = ("RedshiftTempDir", "TempDir")  # these too, but a script may ask for them


class GlueArgumentError(Exception):
    """An argument is missing or malformed."""


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise GlueArgumentError(message)


def getResolvedOptions(args: Sequence[str], options: Sequence[str]) -> dict[str, Any]:  # noqa: N802 - AWS's name
    """Return the arguments that a script asks for, and those that are Glue's own.

    As on AWS this is argparse's doing: a hyphen in a name becomes an underscore, and a unique beginning of a name
    stands for the name.

    :param args: ``sys.argv``
    :param options: names without the leading hyphens; each must be among the arguments
    :raises GlueArgumentError: one is missing, or has no value
    :raises argparse.ArgumentError: one is Glue's own
    """
    parser = _Parser(add_help=False)
    for name in GLUES_OWN:
        parser.add_argument(f"--{name}", default="job-bookmark-disable" if name == "job-bookmark-option" else None)
    for name in TEMPORARY:
        if name not in options:
            parser.add_argument(f"--{name}")
    for name in options:
        parser.add_argument(f"--{name}", required=True)
    return vars(parser.parse_known_args(args[1:])[0])
