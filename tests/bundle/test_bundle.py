"""What is in the bundle, that the same sources make the same bytes, and what is refused."""

import re
import shutil
import subprocess
import zipfile
from pathlib import Path

import pytest

from local import bundle
from local.layout import Layout
from local.processes import ProcessFailed
from tests.support.airflow import ROOT


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A small checkout."""
    for name in (
        "dags/shop.py", "dags/__pycache__/shop.pyc", "dags/shop.py~", "include/.airflowignore", "include/shop/till.py",
        "include/.DS_Store", "plugins/.airflowignore", "plugins/shop_airflow/__init__.py", "plugins/__pycache__/x.pyc",
        "requirements.txt", "tests/test_shop.py", "local/up.py",
    ):  # fmt: skip
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name)
    return tmp_path


def test_the_bundle_has_what_mwaa_takes_and_nothing_else(root):
    names = bundle.build(root, root / "dist", {})

    assert names == [
        "dags/.airflowignore", "dags/shop.py", "dags/shop/till.py", "plugins.zip", "requirements.txt", "startup.sh"
    ]  # fmt: skip
    assert zipfile.ZipFile(root / "dist/plugins.zip").namelist() == [".airflowignore", "shop_airflow/__init__.py"]


def test_the_bundle_of_this_checkout_has_every_file_that_git_knows_there(built):
    listed = subprocess.run(["git", "ls-files", "dags", "include"], cwd=ROOT, capture_output=True, text=True)
    if listed.returncode:
        pytest.skip("this is no git checkout")

    known = {name.partition("/")[2] for name in listed.stdout.splitlines() if (ROOT / name).exists()}
    there = {path.relative_to(built / "dags").as_posix() for path in (built / "dags").rglob("*") if path.is_file()}
    assert known <= there


def test_the_same_sources_make_the_same_bytes(root):
    def made(name: str) -> dict[str, bytes]:
        bundle.build(root, root / name, {"QUAYSIDE_B": "2", "QUAYSIDE_A": "1"})
        return {str(file.relative_to(root / name)): file.read_bytes() for file in (root / name).rglob("*.*")
                if file.is_file()}  # fmt: skip

    first = made("first")
    (root / "plugins/.airflowignore").touch()

    assert made("second") == first


def test_what_was_built_before_is_gone(root):
    bundle.build(root, root / "dist", {})
    (root / "dags/shop.py").unlink()

    assert "dags/shop.py" not in bundle.build(root, root / "dist", {})


def test_a_file_that_would_hide_another_is_refused(root):
    (root / "include/shop.py").write_text("")

    with pytest.raises(ProcessFailed, match=r"shop\.py\. Rename"):
        bundle.build(root, root / "dist", {})


@pytest.mark.parametrize("folder", ["include", "plugins"])
def test_a_folder_that_airflow_would_look_into_is_refused(root, folder):
    (root / folder / ".airflowignore").unlink()

    with pytest.raises(ProcessFailed, match="airflowignore is missing"):
        bundle.build(root, root / "dist", {})


def test_the_startup_script_sets_values_as_they_are(tmp_path):
    value = 'it\'s $HOME `date` "x"\\'
    (tmp_path / "startup.sh").write_text(bundle.startup({"QUAYSIDE_LAKE_BUCKET": value}))

    said = subprocess.run(["sh", "-c", '. ./startup.sh && printf %s "$QUAYSIDE_LAKE_BUCKET"'], cwd=tmp_path,
                          capture_output=True, text=True)  # fmt: skip

    assert said.stdout == value


@pytest.mark.parametrize("name", ["PYTHONPATH", "AIRFLOW__CORE__FERNET_KEY", "QUAYSIDE_X; rm"])
def test_the_startup_script_sets_no_name_but_ours(name):
    with pytest.raises(ProcessFailed, match="nothing else"):
        bundle.startup({name: "1"})


def test_terraforms_outputs_name_where_the_bundle_goes(tmp_path):
    layout, file = Layout(tmp_path, tmp_path, tmp_path), tmp_path / "outputs.json"
    file.write_text('{"airflow": {"value": {"bucket": "code"}}, "web_url": {"value": "x"}}')

    assert bundle.outputs(layout, str(file)) == {"bucket": "code"}


@pytest.mark.parametrize("text", ["", "{}", '{"airflow": {}}', "[]", '{"airflow": {"value": null}}'])
def test_outputs_without_airflow_are_explained(tmp_path, text):
    (tmp_path / "outputs.json").write_text(text)

    with pytest.raises(ProcessFailed, match="OUTPUTS=FILE"):
        bundle.outputs(Layout(tmp_path, tmp_path, tmp_path), str(tmp_path / "outputs.json"))


@pytest.mark.skipif(shutil.which("terraform") is None, reason="Terraform is not installed")
def test_a_terraform_that_was_never_applied_is_explained(tmp_path):
    (tmp_path / "infra/environments/aws").mkdir(parents=True)

    with pytest.raises(ProcessFailed, match=r"OUTPUTS=FILE"):
        bundle.outputs(Layout(tmp_path, tmp_path, tmp_path), "")


PINNED = re.compile(r"^([a-z0-9._-]+)(?:\[[a-z0-9,._-]+\])?==(\S+)", re.MULTILINE)


def test_requirements_are_what_is_resolved_within_mwaas_constraints(built):
    """local/requirements/airflow.txt is resolved within them too, together with Airflow itself."""
    wanted = dict(PINNED.findall((built / "requirements.txt").read_text()))
    airflow = dict(PINNED.findall((ROOT / "local/requirements/airflow.txt").read_text()))

    assert wanted
    assert wanted.items() <= airflow.items()


def test_requirements_are_installed_within_mwaas_own_constraints(built):
    """MWAA adds its constraints unless it finds these words, in a comment even; an index of somebody's would bind all."""
    lines = (built / "requirements.txt").read_text().splitlines()

    assert not [line for line in lines if re.search(r"-c |--constraint ", line)]
    assert not [line for line in lines if line.startswith("-") or "://" in line]


def test_requirements_leave_alone_what_mwaa_keeps_to_itself(built):
    """Its image refuses other versions of what it stands on, and with them the whole file."""
    names = [name for name, _ in PINNED.findall((built / "requirements.txt").read_text())]

    kept = re.compile(
        r"apache-airflow|billiard|celery|flask|fluent-logger|gevent|greenlet|gunicorn|kombu|sqlalchemy|statsd|vine|watchtower"
    )
    assert not [name for name in names if kept.match(name)]
