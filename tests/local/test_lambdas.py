"""A local function finds what it finds on AWS, and fails as it fails there."""

import os
import time

import boto3
import pytest
from botocore.exceptions import ClientError

from tests.support.functions import deploy, invoke, packed, role

pytestmark = pytest.mark.usefixtures("aws")


def test_a_function_finds_the_aws_sdk_and_nothing_else():
    function = deploy("""
        import importlib.metadata, sys
        def handler(event, context):
            names = sorted(found.metadata["Name"] for found in importlib.metadata.distributions())
            return names, sys.version_info[:2]
    """)

    assert invoke(function)[0] == [
        ["boto3", "botocore", "jmespath", "python-dateutil", "s3transfer", "six", "urllib3"],
        [3, 12],
    ]


@pytest.mark.parametrize("module", ["ministack", "duckdb", "local.aws", "seam"])
def test_a_dependency_that_the_package_lacks_is_noticed(module):
    function = deploy(f"import {module}\ndef handler(event, context): pass")

    answer, error = invoke(function)

    assert error == "Unhandled"
    assert answer["errorType"] == "Runtime.ImportModuleError"
    name = module.partition(".")[0]
    assert answer["errorMessage"] == f"Unable to import module 'app': No module named '{name}'"


def test_the_environment_holds_what_aws_gives_and_the_functions_own_variables(aws, monkeypatch):
    made = role()
    function = deploy("import os\ndef handler(event, context): return dict(os.environ)", Role=made,
                      Environment={"Variables": {"STAGE": "test"}}, MemorySize=256)  # fmt: skip

    found = invoke(function)[0]

    name, region = function.rpartition(":")[2], function.split(":")[3]
    assert {
        "STAGE": "test",
        "AWS_REGION": region,
        "AWS_DEFAULT_REGION": region,
        "AWS_ENDPOINT_URL": aws,
        "AWS_LAMBDA_FUNCTION_NAME": name,
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "256",
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_EXECUTION_ENV": "AWS_Lambda_python3.12",
        "TZ": ":UTC",
        "_HANDLER": "app.handler",
    }.items() <= found.items()
    allowed = ("AWS_", "_", "LAMBDA_TASK_ROOT", "LANG", "LC_", "PATH", "PWD", "PYTHONPATH", "SHLVL", "STAGE", "TZ")
    assert [variable for variable in found if not variable.startswith(allowed)] == []
    assert found["AWS_ACCESS_KEY_ID"] != os.environ["AWS_ACCESS_KEY_ID"]


def test_a_function_calls_aws_as_its_role():
    source = """
        import boto3
        def handler(event, context): return [one["Name"] for one in boto3.client("s3").list_buckets()["Buckets"]]
    """
    boto3.client("s3").create_bucket(
        Bucket="seen-by-a-function", CreateBucketConfiguration={"LocationConstraint": "eu-west-2"}
    )

    assert "seen-by-a-function" in invoke(deploy(source, Role=role("AmazonS3ReadOnlyAccess"), Timeout=20))[0]
    assert invoke(deploy(source, Timeout=20))[0]["errorType"] == "ClientError"


def test_an_exception_is_answered_as_lambda_does_and_leaves_the_process_warm():
    function = deploy("""
        calls = 0
        def handler(event, context):
            global calls
            calls += 1
            if event == "fail":
                raise KeyError("price")
            return {"calls": calls, "request": context.aws_request_id, "left": context.get_remaining_time_in_millis()}
    """)

    first, _ = invoke(function)
    failed, error = invoke(function, "fail")
    last, _ = invoke(function)

    assert error == "Unhandled"
    assert (failed["errorType"], failed["errorMessage"]) == ("KeyError", "'price'")
    assert len(failed["stackTrace"]) == 1
    assert failed["stackTrace"][0].endswith('line 7, in handler\n    raise KeyError("price")\n')
    assert (first["calls"], last["calls"]) == (1, 3)
    assert first["request"] != last["request"] != failed["requestId"]
    assert 0 < last["left"] <= 3000


@pytest.mark.parametrize(
    ("source", "kind", "message"),
    [
        ("def handler(event, context): return {1, 2}", "Runtime.MarshalError",
         "Unable to marshal response: Object of type set is not JSON serializable"),
        ("def other(event, context): pass", "Runtime.HandlerNotFound", "Handler 'handler' missing on module 'app'"),
        ("def handler(event, context) pass", "Runtime.UserCodeSyntaxError", "Syntax error in module 'app': "),
        ("raise ValueError('no table')", "ValueError", "no table"),
    ],
)  # fmt: skip
def test_what_lambda_has_a_name_for_is_called_by_it(source, kind, message):
    answer, error = invoke(deploy(source))

    assert (error, answer["errorType"]) == ("Unhandled", kind)
    assert answer["errorMessage"].startswith(message)


def test_a_function_that_could_not_be_loaded_is_loaded_again():
    function = deploy("""
        import os, tempfile
        mark = os.path.join(tempfile.gettempdir(), "loaded-" + os.environ["AWS_LAMBDA_FUNCTION_NAME"])
        if not os.path.exists(mark):
            open(mark, "w").close()
            raise RuntimeError("not yet")
        os.remove(mark)
        def handler(event, context): return "loaded"
    """)

    assert invoke(function)[0]["errorMessage"] == "not yet"
    assert invoke(function)[0] == "loaded"


def test_a_function_that_takes_too_long_is_ended():
    function = deploy("""
        import time
        def handler(event, context): time.sleep(event or 0); return "done"
    """, Timeout=1)  # fmt: skip

    assert invoke(function, 30)[0]["errorMessage"].endswith("Task timed out after 1.00 seconds")
    assert invoke(function)[0] == "done"


def test_decimals_and_texts_are_encoded_as_on_aws():
    function = deploy("""
        from decimal import Decimal
        def handler(event, context): return {"price": Decimal("10.50"), "name": event}
    """)

    assert invoke(function, "Ω")[0] == {"price": 10.5, "name": "Ω"}


def test_layers_are_found():
    layer = boto3.client("lambda").publish_layer_version(
        LayerName="shared", Content={"ZipFile": packed({"python/shared.py": "NAME = 'from the layer'"})}
    )
    function = deploy("""
        import shared
        def handler(event, context): return shared.NAME
    """, Layers=[layer["LayerVersionArn"]])  # fmt: skip

    assert invoke(function)[0] == "from the layer"


def test_what_is_printed_logged_and_raised_is_in_the_log():
    function = deploy("""
        import logging
        def handler(event, context):
            print("printed")
            logging.getLogger().info("too low")
            logging.getLogger().warning("logged")
            raise ValueError("raised")
    """)

    invoke(function)

    logs, group = boto3.client("logs"), f"/aws/lambda/{function.rpartition(':')[2]}"
    deadline = time.monotonic() + 10
    lines: list[str] = []
    while not any("REPORT" in line for line in lines) and time.monotonic() < deadline:
        lines = [event["message"] for event in logs.filter_log_events(logGroupName=group)["events"]]
    text = "\n".join(lines)
    assert "printed" in text
    assert "[WARNING]\t" in text
    assert "logged" in text
    assert "too low" not in text
    assert "[ERROR] ValueError: raised" in text


@pytest.mark.parametrize("runtime", ["python3.9", "python3.13", "nodejs22.x", "java21"])
def test_other_runtimes_are_refused(runtime):
    with pytest.raises(ClientError, match=f"InvalidParameterValueException.*does not run {runtime}: use python3.12"):
        deploy("def handler(event, context): pass", Runtime=runtime)
