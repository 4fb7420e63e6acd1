"""One run of a job: its script in a process of its own, with Spark or without, and what came of it."""

import asyncio
import os
import re
import shlex
import shutil
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

from local.aws import access
from local.aws.glue import processes, staging
from local.aws.glue.logs import Log
from local.aws.glue.roles import credentials
from local.aws.glue.staging import ADDRESS, NotStaged, Stage, permit

HERE = Path(__file__).parent
FOLDER = Path(tempfile.gettempdir()) / "glue"  # of a run while it goes on
VENV = Path(sys.prefix).parent / "spark"
DPU = {
    "Standard": 1.0,
    "G.025X": 0.25,
    "G.1X": 1.0,
    "G.2X": 2.0,
    "G.4X": 4.0,
    "G.8X": 8.0,
    "G.12X": 12.0,
    "G.16X": 16.0,
}
CORES_PER_DPU = 4
MOST_MEMORY = 4  # GB that a worker of any type gets here
LONGEST_MESSAGE = 2000
# Arguments that name what Glue itself reads or writes, and Spark does not.
NO_DATA = ("--scriptLocation", "--extra-py-files", "--extra-files", "--spark-event-logs-path")
PYTHON = VENV / "bin" / "python"
UNSEEN = "path-not-named-in-the-jobs-arguments"  # a file system that is none, for Spark to stumble over
COMMITTER = "org.apache.hadoop.mapreduce.lib.output.FileOutputCommitterFactory"
OVERLOAD = "org.apache.hadoop.fs.viewfs.ViewFileSystemOverloadScheme"

Outcome = tuple[str, str | None]  # a run's last state, and its error message


class NotLaunched(Exception):
    """A run cannot begin; the message says why."""


async def execute(
    job: Mapping[str, Any], run: dict[str, Any], arguments: Mapping[str, str], stop: asyncio.Event
) -> Outcome:
    """Run a job's script, and let what it wrote become objects.

    :param run: its state becomes RUNNING when the script starts
    :param arguments: what the script gets; with Spark it also gets Glue's own
    :param stop: ends it before its time, once set
    :returns: how it ended, and why if it failed
    """
    folder = FOLDER / run["Id"]
    if is_spark(job):
        own = {"--JOB_NAME": job["Name"], "--JOB_ID": f"j_{job['Name']}", "--JOB_RUN_ID": run["Id"]}
        arguments = {"--job-bookmark-option": "job-bookmark-disable", **own, **arguments}
    environment = _environment(folder, job["Role"])
    key = environment["AWS_ACCESS_KEY_ID"]
    access.act_as(key)
    try:
        stage = await _staged(folder, arguments, key) if is_spark(job) else None
        command = await _prepare(folder, job, arguments, environment)
        if stage is not None:
            environment |= _spark(folder, run, arguments, stage)
        run["JobRunState"] = "RUNNING"
        code = await processes.complete(
            command,
            env=environment,
            cwd=folder / "work",
            seconds=run["Timeout"] * 60,
            stop=stop,
            output=Log(f"{run['LogGroupName']}/output", run["Id"]).write,
            errors=Log(f"{run['LogGroupName']}/error", run["Id"]).write,
        )
        if stage is not None:
            await stage.push()
        return _outcome(code, stop, folder / "note", stage, is_spark(job))
    except (NotLaunched, NotStaged) as error:
        return "FAILED", str(error)
    finally:
        _forget(key)
        await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)


def is_spark(job: Mapping[str, Any]) -> bool:
    """Tell whether a job's script is a Spark program; else it is plain Python."""
    return bool(job["Command"]["Name"] == "glueetl")


def ready(*, spark: bool) -> bool:
    """Tell whether the environment is there that scripts run in."""
    return PYTHON.exists() and (not spark or (VENV / "java" / "bin" / "java").exists())


async def _prepare(
    folder: Path, job: Mapping[str, Any], arguments: Mapping[str, str], env: dict[str, str]
) -> list[str]:
    """Put a run's files in place; return the command that starts it."""
    for name in ("work", "tmp"):
        (folder / name).mkdir(parents=True)
    location = arguments.get("--scriptLocation") or job["Command"]["ScriptLocation"]
    script = await _fetched(location, folder / "script")
    path = [str(HERE / "library")]
    for address in filter(None, arguments.get("--extra-py-files", "").split(",")):
        module = await _fetched(address, folder / "library")
        path.append(str(module.parent if module.suffix == ".py" else module))
    for address in filter(None, arguments.get("--extra-files", "").split(",")):
        await _fetched(address, folder / "work")
    env["PYTHONPATH"] = os.pathsep.join(path)
    words = [word for argument in arguments.items() for word in argument]
    return [str(PYTHON), str(HERE / "launch.py"), str(folder / "note"), str(script), *words]


async def _staged(folder: Path, arguments: Mapping[str, str], key: str) -> Stage:
    """Show a Spark job the objects that its arguments name."""
    from ministack.services import s3

    buckets = list(s3._buckets)
    data = {name: value for name, value in arguments.items() if name not in NO_DATA}
    stage = Stage(folder / "s3", buckets, staging.named(data, buckets))
    await stage.pull()
    staging.follow(key, stage)
    return stage


def _spark(folder: Path, run: Mapping[str, Any], arguments: Mapping[str, str], stage: Stage) -> dict[str, str]:
    """Write the settings of a run's Spark; return what lets the script's session start with them."""
    settings = _settings(folder, run, stage)
    for setting in filter(None, re.split(r"(?:^|\s+)--conf\s+", arguments.get("--conf", "").strip())):
        name, _, value = setting.partition("=")
        settings[name.strip()] = value.strip()
    lines = [f"{_escaped(name)} {_escaped(value)}\n" for name, value in settings.items()]
    (folder / "spark.conf").write_text("".join(lines))
    [home] = VENV.glob("lib/python3.*/site-packages/pyspark")
    log = (HERE / "log4j2.properties").as_uri()
    options = [f"@{HERE / 'jvm.options'}", f"-Dlog4j.configurationFile={log}", f"-Djava.io.tmpdir={folder / 'tmp'}"]
    if (archive := VENV / "classes.jsa").exists():  # some Javas cannot make one
        options.append(f"-XX:SharedArchiveFile={archive}")
    return {
        "JAVA_HOME": str(VENV / "java"),
        "SPARK_HOME": str(home),
        "SPARK_CONF_DIR": str(VENV / "conf"),
        "SPARK_LOCAL_DIRS": str(folder / "tmp"),
        "SPARK_LOCAL_IP": "127.0.0.1",
        "SPARK_SUBMIT_OPTS": " ".join(f'"{option}"' for option in options),  # paths may have blanks
        "PYSPARK_SUBMIT_ARGS": shlex.join(["--properties-file", str(folder / "spark.conf"), "pyspark-shell"]),
        "PYSPARK_PYTHON": str(PYTHON),
        "PYSPARK_DRIVER_PYTHON": str(PYTHON),
    }


def _settings(folder: Path, run: Mapping[str, Any], stage: Stage) -> dict[str, str]:
    """Return what Glue sets, and what lets Spark find S3's objects in the stage and stumble where there are others."""
    size = DPU[run.get("WorkerType", "Standard")]
    slots = str(max(1, int((run["MaxCapacity"] - size) * CORES_PER_DPU)))  # one worker is the driver's
    settings = {
        "spark.master": "local[2]",
        "spark.app.name": f"nativespark-{run['JobName']}-{run['Id']}",
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.memory": f"{min(MOST_MEMORY, max(1, int(size)))}g",
        "spark.default.parallelism": slots,
        "spark.sql.shuffle.partitions": slots,
        "spark.sql.warehouse.dir": (folder / "warehouse").as_uri(),
        "spark.hadoop.fs.viewfs.overload.scheme.target.file.impl": "org.apache.hadoop.fs.RawLocalFileSystem",
    }
    for scheme in ("s3", "s3a", "s3n"):
        settings[f"spark.hadoop.fs.{scheme}.impl"] = OVERLOAD
        settings[f"spark.hadoop.mapreduce.outputcommitter.factory.scheme.{scheme}"] = COMMITTER  # not S3A's own
    mounts = {f"{bucket}.linkFallback": (stage.folder / bucket).as_uri() for bucket in stage.buckets}
    mounts |= {f"{bucket}.link./{prefix}": f"{UNSEEN}://{bucket}/{quote(prefix)}" for bucket, prefix in stage.unseen()}
    return settings | {f"spark.hadoop.fs.viewfs.mounttable.{name}": target for name, target in mounts.items()}


def _escaped(word: str) -> str:
    """Write a word as Java reads it from a file of properties."""
    return re.sub(r"([\\ :=#!])", r"\\\1", word)


def _outcome(code: int | None, stop: asyncio.Event, note: Path, stage: Stage | None, spark: bool) -> Outcome:
    if code is None:
        return ("STOPPED" if stop.is_set() else "TIMEOUT"), None
    message = ""
    if code:
        message = note.read_text()[:LONGEST_MESSAGE] if note.exists() else ""
        if not message or (message.startswith("SystemExit") and not spark):
            message = f"Command failed with exit code {code}"
    if stage is not None:
        message = _explained(message, stage)
    return ("FAILED", message) if message else ("SUCCEEDED", None)


def _explained(message: str, stage: Stage) -> str:
    """Add to a message what it cannot know: that the path it speaks of was not to be seen here."""
    unseen = any(not stage.holds(*path) for path in ADDRESS.findall(message))
    if not unseen and not stage.strays and UNSEEN not in message:
        return message
    paths = ", ".join(f"s3://{bucket}/{prefix}" for bucket, prefix in stage.paths) or "none"
    if stage.strays:
        message = f"The script wrote to {min(stage.strays)}, and that is lost. {message}"
    return (
        f"{message.strip()} The local AWS shows a Spark job only the S3 paths that its arguments name, here {paths}: "
        "name the others in an argument too."
    )


async def _fetched(address: str, folder: Path) -> Path:
    from ministack.services import s3

    found = ADDRESS.fullmatch(address.strip())
    if found:
        permit("s3:GetObject", *found.groups())
    body = s3._get_object_data(*found.groups()) if found and found[1] in s3._buckets else None
    if not found or body is None:
        raise NotLaunched(f"LAUNCH ERROR | File does not exist: {address}")
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / found[2].rpartition("/")[2]
    await asyncio.to_thread(path.write_bytes, body)
    return path


def _environment(folder: Path, role: str) -> dict[str, str]:
    """Return what a script finds in its environment: its role's credentials for the local AWS, nothing of the user's."""
    from ministack.core.responses import get_region

    machine = {name: os.environ[name] for name in ("LD_LIBRARY_PATH",) if name in os.environ}
    return {
        **machine,
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "HOME": str(folder / "work"),
        "TMPDIR": str(folder / "tmp"),
        "LANG": "C.UTF-8",
        "TZ": "UTC",
        "NO_PROXY": "*",
        "PYTHONUNBUFFERED": "1",
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{os.environ['GATEWAY_PORT']}",
        **credentials(role, "GlueJobRunnerSession"),
        "AWS_DEFAULT_REGION": get_region(),
        "AWS_REGION": get_region(),
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    }


def _forget(key: str) -> None:
    from ministack.services import sts

    staging.unfollow(key)
    sts._sessions.pop(key, None)
