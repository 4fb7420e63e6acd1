"""The web app's server: what a browser is sent, and with which headers."""

import json
import re
import urllib.error
import urllib.request
from collections.abc import Iterator

import pytest

from local import web
from local.layout import ROOT, Layout
from local.settings import Settings

CONFIG = {"api_url": "http://127.0.0.1:4566/_aws/execute-api/a/v1", "cognito_endpoint": "http://127.0.0.1:4566"}


@pytest.fixture(scope="module")
def origin(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("web")
    for name, text in {
        "web/dist/index.html": "<!doctype html><title>Quayside</title>",
        "web/dist/assets/app-1a2b.js": "export {};" * 100,
        "web/package.json": "{}",
        "secret.txt": "secret",
    }.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    layout = Layout(folder, folder / ".local", folder / "venvs")
    (folder / "local").symlink_to(ROOT / "local")
    (folder / "infra").symlink_to(ROOT / "infra")
    settings = Settings(layout.state / "settings.json")
    settings.choose_port(web.NAME)
    web.start(layout, settings, json.dumps(CONFIG))
    yield web.url(settings)
    assert web.stop(layout) == ["web app"]


def get(url: str, **headers: str):
    request = urllib.request.Request(url, headers={name.replace("_", "-"): value for name, value in headers.items()})
    try:
        with urllib.request.urlopen(request) as response:
            return response.status, response.headers, response.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.headers, error.read()


def test_the_app_is_sent_for_every_path_of_its_own_and_always_asked_for_anew(origin):
    for path in ("/", "/dashboards/trading_today", "/index.html"):
        status, headers, body = get(origin + path)
        assert (status, headers["Cache-Control"]) == (200, "no-cache")
        assert b"Quayside" in body
        assert get(origin + path, If_None_Match=headers["ETag"])[0] == 304


def test_what_is_named_by_its_content_is_kept_for_good_and_sent_compressed(origin):
    status, headers, _ = get(f"{origin}/assets/app-1a2b.js", Accept_Encoding="gzip")

    assert status == 200
    assert headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert headers["Content-Type"] == "text/javascript; charset=utf-8"
    assert headers["Content-Encoding"] == "gzip"


def test_the_configuration_is_this_machines(origin):
    status, headers, body = get(f"{origin}/config.json")

    assert (status, json.loads(body), headers["Cache-Control"]) == (200, CONFIG, "no-cache")


def test_the_app_may_run_its_own_scripts_and_call_its_own_services_alone(origin):
    policy = get(origin)[1]["Content-Security-Policy"]

    rules = {rule.split()[0]: rule.split()[1:] for rule in policy.split(";")}
    assert rules["default-src"] == ["'none'"]
    assert rules["script-src"] == rules["style-src"] == rules["img-src"] == ["'self'"]
    assert rules["connect-src"] == ["'self'", "http://127.0.0.1:4566"]
    assert rules["frame-ancestors"] == rules["form-action"] == rules["base-uri"] == ["'none'"]
    assert not {"unsafe", "data:", "blob:"} & set(re.findall(r"unsafe|data:|blob:", policy))


@pytest.mark.parametrize(
    "path", ["/assets/none.js", "/../secret.txt", "/%2e%2e/%2e%2e/secret.txt", "/..%2f..%2fsecret.txt"]
)
def test_what_is_not_there_or_not_the_apps_is_not_found(origin, path):
    status, headers, body = get(origin + path)

    assert (status, body) == (404, b"Not found\n")
    assert headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    ("version", "lack"),
    [("v18.19.0", "; here is v18.19.0"), ("v20.18.3", "; here is v20.18.3"), ("v20.19.0", None), ("v24.1.0", None)],
)
def test_a_node_that_is_too_old_builds_nothing_and_is_named(tmp_path, monkeypatch, version, lack):
    for name in ("node", "npm"):
        (tmp_path / name).write_text(f"#!/bin/sh\necho {version}\n")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    needs = "this needs Node.js 20.19 or newer, with npm"

    assert web.lacking() == (f"{needs}{lack}" if lack else "")
    (tmp_path / "npm").unlink()
    assert web.lacking() == needs


def test_the_app_itself_names_the_same_node():
    engines = json.loads((ROOT / "web" / "package.json").read_text())["engines"]
    assert engines == {"node": f">={'.'.join(map(str, web.NODE))}"}
