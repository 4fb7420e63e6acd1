"""docker-compose.yaml: the programs of `make up`, let in from this machine only, without a password or a root among them.

Read as text and run as Python: no Docker is needed.
"""

import asyncio
import json
import re
import subprocess
import sys

import pytest
import yaml

from local import airflow, compose, environments, gateway, processes, services, vendors, web
from local.layout import ROOT, Layout
from local.postgres import SETTINGS
from local.processes import Program
from local.settings import PORTS, Settings

STACK = yaml.safe_load((ROOT / "docker-compose.yaml").read_text())
SERVICES = STACK["services"]
OURS = "quayside:local"
IMAGES = {"python:3.12-slim-bookworm", "postgres:16", "hashicorp/terraform:1.11.4"}
DOCKERFILE = (ROOT / "Dockerfile").read_text()
OUTPUTS = {
    "inbox_bucket": "inbox",
    "web_config": '{"api_url": "http://127.0.0.1:1/api", "cognito_endpoint": "http://127.0.0.1:1"}',
}
VARIABLE = re.compile(r"\$\{(\w+):-([^}]*)}")


def words(service):
    command = SERVICES[service]["command"]
    return command.split() if isinstance(command, str) else command


def running():
    """Return service → program of those that become one of the platform's."""
    return {name: words(name)[4] for name in SERVICES if "command" in SERVICES[name] and words(name)[3:4] == ["run"]}


@pytest.fixture
def layout(tmp_path):
    made = Layout(ROOT, tmp_path / "state", tmp_path / "venvs")
    server = tmp_path / "server"
    server.mkdir()
    compose.prepare(made, "demo", *(f"{name}={port}" for name, port in PORTS.items()), server=server)
    made.terraform.mkdir(parents=True)
    (made.terraform / "outputs.json").write_text(json.dumps(OUTPUTS))
    made.run.mkdir()
    return made


@pytest.fixture
def settings(layout):
    return Settings(layout.state / "settings.json")


def test_only_the_images_that_are_promised_are_used_by_their_plain_tags():
    stages = re.findall(r"^FROM \S+ AS (\w+)$", DOCKERFILE, re.MULTILINE)
    used = re.findall(r"^(?:FROM|COPY --from=)\s*([^\s]+)", DOCKERFILE, re.MULTILINE)
    named = {service["image"] for service in SERVICES.values()}

    assert {*used, *named} - {*stages, OURS} == IMAGES
    assert all(service.get("build", ".") == "." for service in SERVICES.values())
    assert SERVICES["prepare"]["build"] == "."


def test_nothing_is_said_that_not_every_docker_understands():
    refused = ("# syntax", "<<", "--link", "@sha256", "--mount", "--chmod")
    assert not [word for word in refused if word in DOCKERFILE]
    assert not [name for name, service in SERVICES.items() if {"pull_policy", "privileged"} & service.keys()]


def test_ports_are_published_on_this_machine_only_and_are_those_that_the_servers_are_told():
    published = [port for service in SERVICES.values() for port in service.get("ports", [])]
    told = {word.partition("=")[0]: word.partition("=")[2] for word in words("prepare")[5:]}

    assert {VARIABLE.sub(r"\2", port) for port in published} == {f"127.0.0.1:{port}:{port}" for port in PORTS.values()}
    assert {name: int(VARIABLE.sub(r"\2", port)) for name, port in told.items()} == PORTS
    assert sorted(published) == sorted(f"127.0.0.1:{port}:{port}" for port in told.values())
    assert told["postgres"] in SERVICES["postgres"]["healthcheck"]["test"]


def test_every_container_but_those_alone_shares_one_network():
    alone = {name for name, service in SERVICES.items() if service.get("network_mode") != "service:network"}

    assert alone == {"prepare", "network", "tests"}


def test_no_container_is_roots_or_can_become_so():
    users = re.findall(r"^USER (\S+)$", DOCKERFILE.rpartition("\nFROM ")[2], re.MULTILINE)

    assert users == ["quayside"]
    assert {name: service.get("user") for name, service in SERVICES.items() if service["image"] != OURS} == {
        "postgres": "postgres"
    }
    assert not [name for name, service in SERVICES.items() if service["cap_drop"] != ["ALL"]]
    assert not [name for name, service in SERVICES.items() if service["security_opt"] != ["no-new-privileges:true"]]


def test_no_secret_is_in_the_file_and_nothing_but_compose_itself_is_configured_there():
    given = {name: set(service["environment"]) for name, service in SERVICES.items() if "environment" in service}

    assert given == {"postgres": {"POSTGRES_INITDB_ARGS", "POSTGRES_PASSWORD_FILE"}, "tests": {"QUAYSIDE_LOCAL"}}
    assert "--auth=scram-sha-256" in SERVICES["postgres"]["environment"]["POSTGRES_INITDB_ARGS"]  # for 127.0.0.1, too


def test_code_is_mounted_from_the_checkout_to_be_read_and_state_is_in_named_volumes():
    mounts = {mount for service in SERVICES.values() for mount in service["volumes"]}
    code = {mount for mount in mounts if mount.startswith("./")}

    assert all((ROOT / mount.split(":")[0]).is_dir() for mount in code)
    assert all(mount == f"./{mount[2:].split(':')[0]}:/quayside/{mount[2:].split(':')[0]}:ro" for mount in code)
    assert {mount.split(":")[0] for mount in mounts - code} == set(STACK["volumes"])


def test_each_server_says_that_it_is_well_and_whoever_needs_one_waits_for_it():
    checked = {name for name, service in SERVICES.items() if "healthcheck" in service}
    waits = {
        (other, how["condition"])
        for service in SERVICES.values()
        for other, how in service.get("depends_on", {}).items()
    }

    assert checked == {"postgres", "aws", "vendors", "web", *airflow.PROCESSES}
    assert {other for other, condition in waits if condition == "service_healthy"} == checked
    assert {other for other, condition in waits if condition != "service_healthy"} == {"prepare", "provision"}
    assert all(SERVICES[name]["healthcheck"]["test"][-1] == name for name in checked - {"postgres"})


def test_every_command_is_one_of_ours():
    commands = {words(name)[3] for name in SERVICES if "command" in SERVICES[name] and name != "postgres"}

    assert commands == {*compose.COMMANDS} - {"healthy"}
    assert words("prepare")[:3] == ["python", "-m", "local.compose"]
    assert SERVICES["tests"]["entrypoint"] == "python -m local test --"


def test_containers_run_what_make_up_starts(layout, settings, monkeypatch):
    started = {}

    def start(name, command, *, run, env, cwd):
        started[name] = Program(list(command), dict(env), cwd)
        return 1

    monkeypatch.setattr(processes, "start", start)
    monkeypatch.setattr(settings, "choose_port", lambda name: settings.port(name))
    for module in (services, vendors, web, airflow):
        monkeypatch.setattr(module, "wait_until", lambda *_, **__: None)
    monkeypatch.setattr(airflow, "complete", lambda *_, **__: "")
    monkeypatch.setattr(airflow, "answers", lambda _: True)
    services.start_aws(layout, settings)
    vendors.start(layout, settings, "demo")
    vendors.drop_files(layout, settings, OUTPUTS)
    web.start(layout, settings, OUTPUTS["web_config"])
    airflow.start(layout, settings, OUTPUTS, lambda _: None)

    assert {name: compose.program(layout, settings, program) for name, program in running().items()} == started


def test_a_container_becomes_its_program(tmp_path):
    shown = Program(
        [sys.executable, "-c", "import os; print(os.getcwd(), os.environ['WORD'])"], {"WORD": "x"}, tmp_path
    )
    code = f"from local.processes import Program\nfrom pathlib import PosixPath\n{shown!r}.become()"
    answer = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)

    assert answer.stdout.split() == [str(tmp_path), "x"]


def test_secrets_are_drawn_once_and_ports_follow_the_wish(layout, settings, tmp_path):
    server = tmp_path / "server"
    compose.prepare(layout, "empty", "postgres=15432", "aws=14566", server=server)
    after = Settings(layout.state / "settings.json")

    assert after.passwords == settings.passwords
    assert after["vendors_begin"] == settings["vendors_begin"]
    assert after.ports == {"postgres": 15432, "aws": 14566}
    assert (server / "password").read_text() == settings.password("postgres")
    lines = dict(line.split(" = ") for line in (server / "postgresql.conf").read_text().splitlines())
    assert lines == {
        **{name: f"'{value}'" for name, value in SETTINGS.items()},
        "listen_addresses": "'127.0.0.1'",
        "port": "'15432'",
    }


def test_the_image_holds_every_environment_with_the_requirements_it_is_made_from():
    made = [name for names in re.findall(r"local\.environments (.+)", DOCKERFILE) for name in names.split()]
    copied = re.findall(r"local/requirements/(\w+\.txt)", DOCKERFILE)

    assert sorted(made) == sorted(environments.ENVIRONMENTS)
    assert {file for files in environments.ENVIRONMENTS.values() for file in files} <= set(copied)


def test_neither_state_nor_history_gets_into_the_image():
    assert {".git", ".local", "web/node_modules", "**/.terraform"} <= set((ROOT / ".dockerignore").read_text().split())


def test_a_connection_is_handed_on_both_ways_and_ends_with_either_side():
    async def echo(reader, writer):
        writer.write(b"you said " + await reader.read())
        writer.close()

    async def talk(port):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"hello")
        writer.write_eof()
        answer = await asyncio.wait_for(reader.read(), 10)
        writer.close()
        await writer.wait_closed()
        return answer

    async def scene():
        inner = await asyncio.start_server(echo, "127.0.0.1", 0)
        to = inner.sockets[0].getsockname()[1]
        outer = await gateway.listen("127.0.0.1", 0, to)
        port = outer.sockets[0].getsockname()[1]
        answered = await asyncio.gather(*(talk(port) for _ in range(20)))
        inner.close()
        await inner.wait_closed()
        nobody = await talk(port)
        outer.close()
        await outer.wait_closed()
        return answered, nobody

    assert asyncio.run(scene()) == ([b"you said hello"] * 20, b"")
