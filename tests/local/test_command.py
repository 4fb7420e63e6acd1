"""What a person meets at the command line before anything runs."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from local.layout import ROOT


def make(*words: str, tmp_path: Path, **environ: str) -> subprocess.CompletedProcess[str]:
    env = {
        "PATH": os.environ["PATH"],
        "HOME": os.environ["HOME"],
        "PYTHON": sys.executable,
        "QUAYSIDE_LOCAL": str(tmp_path / "local"),
        **environ,
    }
    return subprocess.run(["make", "-s", *words], cwd=ROOT, env=env, capture_output=True, text=True, timeout=60)


def test_help_lists_every_target_with_what_it_does(tmp_path):
    answer = make(tmp_path=tmp_path)

    lines = answer.stdout.splitlines()
    names = [line.split()[1] for line in lines]
    assert names == [
        "help",
        "up",
        "aws",
        "down",
        "reset",
        "status",
        "logs",
        "live",
        "test",
        "lint",
        "audit",
        "bench",
        "packages",
        "bundle",
        "deploy",
        "requirements",
    ]
    assert all(len(line.split()) > 3 for line in lines)


def test_down_without_anything_started_is_no_error(tmp_path):
    answer = make("down", tmp_path=tmp_path)

    assert (answer.returncode, answer.stdout) == (0, "Nothing was running.\n")


@pytest.mark.parametrize("target", ["status", "logs", "live"])
def test_commands_that_need_a_platform_say_how_to_start_one(tmp_path, target):
    answer = make(target, tmp_path=tmp_path)

    assert answer.returncode != 0
    assert "make up" in answer.stdout + answer.stderr


def test_an_unknown_seed_is_refused_before_anything_starts(tmp_path):
    answer = make("up", "SEED=enormous", tmp_path=tmp_path)

    assert answer.returncode != 0
    assert "SEED is demo or empty, not 'enormous'" in answer.stderr
    assert "Traceback" not in answer.stderr


def test_without_terraform_up_says_so_first(tmp_path):
    tools = tmp_path / "bin"
    tools.mkdir()
    for name in ("make", "sh"):
        (tools / name).symlink_to(next(Path(folder) / name for folder in os.environ["PATH"].split(":")
                                       if (Path(folder) / name).exists()))  # fmt: skip

    answer = make("up", tmp_path=tmp_path, PATH=str(tools))

    assert answer.returncode != 0
    assert "Terraform is missing" in answer.stderr
    assert not (tmp_path / "local" / "venvs").exists()


def test_two_commands_at_once_are_refused(tmp_path):
    import fcntl

    (tmp_path / "local").mkdir()
    with (tmp_path / "local" / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        answer = make("down", tmp_path=tmp_path)

    assert answer.returncode != 0
    assert "Another make up, down or reset is at work" in answer.stderr


def test_reset_keeps_the_virtual_environments_and_forgets_the_rest(tmp_path):
    state = tmp_path / "local"
    for folder in ("venvs/airflow", "aws/s3", "run", "terraform/data"):
        (state / folder).mkdir(parents=True)
    for file in ("settings.json", "env", "terraform/applied", "terraform/terraform.tfstate"):
        (state / file).write_text("{}")

    assert make("reset", tmp_path=tmp_path).returncode == 0

    left = sorted(str(path.relative_to(state)) for path in state.rglob("*"))
    assert left == ["lock", "terraform", "terraform/data", "venvs", "venvs/airflow"]
