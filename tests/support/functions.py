"""Lambda functions of a test, made from their source."""

import io
import json
import textwrap
import uuid
import zipfile

import boto3


def packed(files: dict[str, str]) -> bytes:
    """Return a package of files."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, textwrap.dedent(text))
    return buffer.getvalue()


def role(*policies: str) -> str:
    """Make a role that Lambda may take, with managed policies; return its ARN."""
    iam, name = boto3.client("iam"), f"role-{uuid.uuid4().hex[:8]}"
    trust = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    made = iam.create_role(RoleName=name, AssumeRolePolicyDocument=document)["Role"]["Arn"]
    for policy in policies:
        iam.attach_role_policy(RoleName=name, PolicyArn=f"arn:aws:iam::aws:policy/{policy}")
    return made


def deploy(source: str, **options) -> str:
    """Make a function of the module ``app`` whose handler is ``handler``; return its ARN."""
    settings = {
        "FunctionName": f"f-{uuid.uuid4().hex[:8]}",
        "Runtime": "python3.12",
        "Handler": "app.handler",
        **options,
    }
    settings.setdefault("Role", role())
    code = {"ZipFile": packed({"app.py": source})}
    return boto3.client("lambda").create_function(Code=code, **settings)["FunctionArn"]


def invoke(function: str, event: object = None) -> tuple[object, str | None]:
    """Invoke a function; return what it answers, and how it failed."""
    answer = boto3.client("lambda").invoke(FunctionName=function, Payload=json.dumps(event))
    return json.loads(answer["Payload"].read()), answer.get("FunctionError")
