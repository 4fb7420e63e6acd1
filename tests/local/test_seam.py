"""The local AWS starts with the ministack that it was written for, or says at once what is different."""

import subprocess
from pathlib import Path

import pytest

from local.layout import ROOT
from tests.support.aws import PLATFORM

PROGRAM = """
import sys, importlib.metadata
from ministack.core import iam_evaluator
from ministack.services import athena
{doctoring}
sys.argv = ["local.aws", "--port", "0", "--state", {state!r}]
from local.aws.__main__ import main
main()
"""


@pytest.mark.parametrize(
    ("doctoring", "message"),
    [
        ("del athena._executions", "ministack 1.5.33 lacks what local/aws relies on: athena._executions"),
        (
            "async def moved(method, path): ...\nathena.handle_request = moved",
            "lacks what local/aws relies on: athena.handle_request(method, path, headers, body, query_params)",
        ),
        (
            "iam_evaluator.enforce = lambda request: None",
            "lacks what local/aws relies on: ministack.core.iam_evaluator.enforce(access_key_id, iam_action, ",
        ),
        ("sys.modules['ministack.services.s3'] = None", "lacks what local/aws relies on: ministack.services.s3"),
        (
            "importlib.metadata.version = lambda name: '1.6.0'",
            "ministack 1.6.0 is installed, and local/aws is written for 1.5.33.\nInstall local/requirements/platform.txt",
        ),
    ],
    ids=["attribute", "handler", "signature", "module", "version"],
)
def test_another_ministack_is_refused_at_the_start_with_what_differs(doctoring: str, message: str, tmp_path: Path):
    program = PROGRAM.format(doctoring=doctoring, state=str(tmp_path))

    answer = subprocess.run(
        [PLATFORM / "bin" / "python", "-c", program],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env={"PATH": "/usr/bin:/bin"},
    )

    assert answer.returncode == 1
    assert message in answer.stderr
    assert "Traceback" not in answer.stderr
