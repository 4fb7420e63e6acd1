"""Terraform against the local AWS: applied when what it reads has changed or the local AWS has lost what was in it."""

from __future__ import annotations

import hashlib
import json
import os
import re
from pathlib import Path

from local.layout import Layout
from local.processes import complete
from local.settings import Settings
from local.tools import PROVIDER, find_provider_mirror, find_terraform

REGION = "eu-west-2"


def aws_environment(settings: Settings) -> dict[str, str]:
    """Return what points every AWS client at the local AWS, whatever the user's own profile says."""
    return {
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{settings.port('aws')}",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": REGION,
        "AWS_REGION": REGION,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    }


def variables(layout: Layout, settings: Settings) -> dict[str, str]:
    """Return what environments/local is to be told of this machine."""
    return {
        "packages": str(layout.packages),
        "endpoint": f"http://127.0.0.1:{settings.port('aws')}",
        "web_origin": f"http://127.0.0.1:{settings.port('web')}",
        "airflow_url": f"http://127.0.0.1:{settings.port('airflow')}",
    }


def applied(layout: Layout, settings: Settings) -> bool:
    """Tell whether all that Terraform reads is as it was when it was last applied."""
    stamp = layout.terraform / "applied"
    return stamp.exists() and stamp.read_text() == _digest(layout, settings)


def apply(layout: Layout, settings: Settings) -> dict[str, str]:
    """Create or change what infra/environments/local declares; return and remember its outputs.

    :raises ProcessFailed: with Terraform's own words
    """
    env, terraform = _environment(layout, settings), str(find_terraform())
    where = f"-chdir={layout.root / 'infra' / 'environments' / 'local'}"
    state = f"-backend-config=path={layout.terraform / 'terraform.tfstate'}"
    stamp = layout.terraform / "applied"
    stamp.unlink(missing_ok=True)
    init = [terraform, where, "init", "-input=false", "-no-color", "-reconfigure", state]
    complete("terraform-init", init, run=layout.run, env=env)
    change = [
        terraform,
        where,
        "apply",
        "-auto-approve",
        "-input=false",
        "-no-color",
        "-compact-warnings",
        "-parallelism=20",
    ]
    change += [f"-var={name}={value}" for name, value in variables(layout, settings).items()]
    complete("terraform-apply", change, run=layout.run, env=env)
    answer = complete("terraform-output", [terraform, where, "output", "-json"], run=layout.run, env=env)
    values = {name: str(output["value"]) for name, output in json.loads(answer).items()}
    (layout.terraform / "outputs.json").write_text(json.dumps(values, indent=1))
    stamp.write_text(_digest(layout, settings))
    return values


def outputs(layout: Layout) -> dict[str, str]:
    """Return the outputs of the last apply."""
    return dict(json.loads((layout.terraform / "outputs.json").read_text()))


def cli_configuration(mirror: Path | None) -> str:
    """Return a Terraform CLI configuration: the AWS provider from ``mirror`` if there is one, else the registry."""
    if mirror is None:
        return "provider_installation {\n  direct {}\n}\n"
    source = PROVIDER.as_posix()
    return (
        "provider_installation {\n"
        f'  filesystem_mirror {{\n    path    = {json.dumps(str(mirror))}\n    include = ["{source}"]\n  }}\n'
        f'  direct {{\n    exclude = ["{source}"]\n  }}\n'
        "}\n"
    )


def provider_version(root: Path) -> str:
    """Return the exact version of the AWS provider that the configuration under ``root`` asks for."""
    text = (root / "infra" / "environments" / "local" / "versions.tf").read_text()
    found = re.search(r'"hashicorp/aws"\s+version\s*=\s*"([\d.]+)"', text)
    return found.group(1) if found else ""


def _environment(layout: Layout, settings: Settings) -> dict[str, str]:
    layout.terraform.mkdir(parents=True, exist_ok=True)
    env = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "TF_VAR_", "TF_CLI_ARGS"))}
    env.update(aws_environment(settings))
    env.update({"TF_DATA_DIR": str(layout.terraform / "data"), "TF_IN_AUTOMATION": "1", "CHECKPOINT_DISABLE": "1"})
    own = env.get("TF_CLI_CONFIG_FILE")
    if not (own and Path(own).is_file()):  # it may name a file that does not exist
        mirror = find_provider_mirror(provider_version(layout.root))
        user = Path(env.get("HOME", "/")) / ".terraformrc"
        env.pop("TF_CLI_CONFIG_FILE", None)
        if mirror is not None or not user.is_file():
            configuration = layout.terraform / "cli.tfrc"
            configuration.write_text(cli_configuration(mirror))
            env["TF_CLI_CONFIG_FILE"] = str(configuration)
    here = "127.0.0.1,localhost"  # never through the user's proxy
    env["NO_PROXY"] = env["no_proxy"] = ",".join(filter(None, [env.get("NO_PROXY") or env.get("no_proxy"), here]))
    return env


def _digest(layout: Layout, settings: Settings) -> str:
    folder = layout.root / "infra"
    files = [path for path in sorted(folder.rglob("*")) if ".terraform" not in str(path) and "tests" not in path.parts]
    digest = hashlib.sha256(json.dumps(variables(layout, settings)).encode())
    for path in [*files, layout.root / "api_lambdas" / "openapi.yaml", *sorted(layout.packages.glob("*.zip"))]:
        if path.is_file():
            digest.update(str(path).encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()
