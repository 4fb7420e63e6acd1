"""The actions of Glue's API on jobs and their runs; both stay where ministack's own actions find them."""

import asyncio
import secrets
import shutil
import time
from collections.abc import Mapping
from typing import Any

from local.aws import listing
from local.aws.glue import runs, staging
from local.aws.glue.runs import DPU
from local.aws.glue.stock import answer_of
from local.aws.seam import Refused, intercept

USES = {
    "cloudwatch_logs": ("_log_groups", "_create_log_group(data)", "_create_log_stream(data)", "_put_log_events(data)"),
    "glue": ("_jobs", "_job_runs", "_tags", "_triggers", "_arn(resource_type, name)", "_start_trigger(data)"),
    "iam": ("_gen_session_access_key()", "_gen_secret()", "_gen_session_token()"),
    "ministack.core.router": ("extract_access_key_id(headers, query_params)",),
    "s3": (
        "_buckets",
        "_delete_object(bucket_name, key, headers, query_params)",
        "_get_object_data(bucket_name, key, version_id)",
        "_object_disk_path(bucket, key, account_id)",
        "_put_object(bucket_name, key, body, headers)",
        "handle_request",
    ),
    "sts": ("_sessions", "register_session(access_key, session)"),
}
ACTIVE = ("STARTING", "RUNNING", "STOPPING")
VERSION = "5.0"
INVALID = "InvalidInputException"
# What a job may ask Glue for and the local AWS does not have, with what to do instead.
NOT_HERE = {
    "--additional-python-modules": "scripts find what local/requirements/spark.in names; bring others by --extra-py-files",
    "--class": "write the script in Python",
    "--datalake-formats": "read and write Parquet, ORC, JSON or CSV",
    "--enable-glue-datacatalog": "read and write s3:// paths, and let a crawler, Athena or boto3 make tables of them",
    "--enable-lakeformation-fine-grained-access": "leave it out",
    "--extra-jars": "use what Spark itself brings",
    "--python-modules-installer-option": "leave it out",
    "--use-postgres-driver": "use what Spark itself brings",
}
ONLY = {"--job-bookmark-option": "job-bookmark-disable", "--job-language": "python"}
NOT_STARTED = "The local Glue keeps triggers and workflows, and starts nothing by them"
OF_A_RUN = ("Timeout", "MaxCapacity", "WorkerType", "NumberOfWorkers", "SecurityConfiguration", "NotificationProperty",
            "ExecutionClass")  # fmt: skip

_stops: dict[str, asyncio.Event] = {}  # run that goes on → set to stop it
_tasks: set[asyncio.Task[None]] = set()  # the loop itself does not hold on to them


def install() -> None:
    """Let jobs run instead of seeming to.

    :raises SeamMoved: ministack is not as expected
    """
    handlers = {
        "BatchStopJobRun": _stop,
        "CreateJob": _create,
        "DeleteJob": _delete,
        "GetJobRuns": _list_runs,
        "ListJobs": _list,
        "StartJobRun": _start,
        "StartTrigger": _start_trigger,
        "StartWorkflowRun": _start_workflow,
        "UpdateJob": _update,
    }
    intercept("glue", handlers, uses=USES)
    staging.install()


async def _start_trigger(request: dict[str, Any]) -> dict[str, Any]:
    from ministack.services import glue

    trigger = glue._triggers.get(request["Name"]) or {}
    if trigger.get("Type") != "ON_DEMAND":  # its schedule or condition is kept, and starts nothing
        return answer_of(glue._start_trigger, request)
    raise Refused("OperationNotSupportedException", f"{NOT_STARTED}: start the jobs of the trigger themselves.")


async def _start_workflow(_: dict[str, Any]) -> dict[str, Any]:
    raise Refused("OperationNotSupportedException", f"{NOT_STARTED}: start the jobs of the workflow themselves.")


def mend() -> None:
    """Let no run of a server that has ended look as if it went on."""
    from ministack.services import glue

    for listed in glue._job_runs.all_values():
        for run in listed:
            if run["JobRunState"] in ACTIVE:
                _finish(run, "FAILED", "The local AWS was stopped while the job ran")
    shutil.rmtree(runs.FOLDER, ignore_errors=True)


async def _create(request: dict[str, Any]) -> dict[str, Any]:
    from ministack.services import glue

    name = request["Name"]
    if name in glue._jobs:
        raise Refused("AlreadyExistsException", f"Job {name} already exists")
    now = time.time()
    glue._jobs[name] = {"Name": name, "CreatedOn": now, "LastModifiedOn": now, **_definition(request)}
    glue._job_runs[name] = []
    if request.get("Tags"):
        glue._tags[glue._arn("job", name)] = dict(request["Tags"])
    return {"Name": name}


async def _update(request: dict[str, Any]) -> dict[str, Any]:
    """Replace a job's whole definition, as Glue does."""
    from ministack.services import glue

    job = _job(request)
    kept = {member: job[member] for member in ("Name", "CreatedOn")}
    glue._jobs[job["Name"]] = {**kept, "LastModifiedOn": time.time(), **_definition(request["JobUpdate"])}
    return {"JobName": job["Name"]}


async def _delete(request: dict[str, Any]) -> dict[str, Any]:
    from ministack.services import glue

    name = request["JobName"]
    for run in glue._job_runs.pop(name, []):
        if run["Id"] in _stops:
            _stops[run["Id"]].set()
    glue._jobs.pop(name, None)
    glue._tags.pop(glue._arn("job", name), None)
    return {"JobName": name}


async def _list(request: dict[str, Any]) -> dict[str, Any]:
    from ministack.services import glue

    tags = (request.get("Tags") or {}).items()
    names = [name for name in glue._jobs if tags <= glue._tags.get(glue._arn("job", name), {}).items()]
    page, token = listing.page(names, request, most=1000, refusal=INVALID)
    return {"JobNames": page, **token}


async def _start(request: dict[str, Any]) -> dict[str, Any]:
    from ministack.services import glue

    job = _job(request)
    overridden, fixed = (job.get(member) or {} for member in ("DefaultArguments", "NonOverridableArguments"))
    arguments = {**overridden, **(request.get("Arguments") or {}), **fixed}
    _check_supported(job, request, arguments)
    going = sum(run["JobRunState"] in ACTIVE for run in glue._job_runs[job["Name"]])
    if going >= (job.get("ExecutionProperty") or {}).get("MaxConcurrentRuns", 1):
        raise Refused("ConcurrentRunsExceededException", f"Concurrent runs exceeded for {job['Name']}")
    return {"JobRunId": _begin(job, request, arguments, f"jr_{secrets.token_hex(32)}")}


async def _list_runs(request: dict[str, Any]) -> dict[str, Any]:
    """List a job's runs, the latest first."""
    from ministack.services import glue

    page, token = listing.page(glue._job_runs[_job(request)["Name"]][::-1], request, most=200, refusal=INVALID)
    return {"JobRuns": page, **token}


async def _stop(request: dict[str, Any]) -> dict[str, Any]:
    from ministack.services import glue

    name = _job(request)["Name"]
    known = {run["Id"]: run for run in glue._job_runs[name]}
    stopped, errors = [], []
    for run_id in request["JobRunIds"]:
        named, run = {"JobName": name, "JobRunId": run_id}, known.get(run_id)
        if run is None:
            detail = {"ErrorCode": "EntityNotFoundException", "ErrorMessage": f"Job run {run_id} not found"}
            errors.append({**named, "ErrorDetail": detail})
        elif run["JobRunState"] not in ACTIVE:
            words = f"Job run {run_id} is {run['JobRunState']} already"
            detail = {"ErrorCode": "JobRunInvalidStateTransitionException", "ErrorMessage": words}
            errors.append({**named, "ErrorDetail": detail})
        else:
            run["JobRunState"] = "STOPPING"
            _stops[run_id].set()
            stopped.append(named)
    return {"SuccessfulSubmissions": stopped, "Errors": errors}


def _definition(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return a job as a request describes it; what that leaves out is as Glue sets it."""
    made = {
        "ExecutionProperty": {"MaxConcurrentRuns": 1},
        "DefaultArguments": {},
        "MaxRetries": 0,
        "JobMode": "SCRIPT",
        "GlueVersion": VERSION if given["Command"].get("Name", "glueetl") == "glueetl" else "3.0",
        **{member: value for member, value in given.items() if member not in ("Name", "Tags")},
    }
    made["Command"] = {"Name": "glueetl", **made["Command"]}
    made.setdefault("Timeout", 480 if made["GlueVersion"] >= VERSION else 2880)
    return _sized(made, 10.0 if runs.is_spark(made) else 0.0625)


def _sized(sized: dict[str, Any], default: float) -> dict[str, Any]:
    """Return a job or a run with its MaxCapacity, in DPUs: that of its workers, else as it is given."""
    kind, number = sized.get("WorkerType"), sized.get("NumberOfWorkers")
    if bool(kind) != bool(number):
        raise Refused(INVALID, "Please set both Worker Type and Number of Workers.")
    if kind and kind not in DPU:
        raise Refused(INVALID, f"The local AWS has no workers of type {kind}, only {', '.join(DPU)}.")
    capacity = number * DPU[kind] if kind and number else float(sized.get("MaxCapacity") or default)
    return {**sized, "MaxCapacity": capacity}


def _check_supported(job: Mapping[str, Any], request: Mapping[str, Any], arguments: Mapping[str, str]) -> None:
    kind, python = job["Command"]["Name"], str(job["Command"].get("PythonVersion", "3"))
    refusals = [f"{name}: {instead}" for name, instead in NOT_HERE.items() if arguments.get(name, "false") != "false"]
    refusals += [
        f"{name} {arguments[name]}: set it to {only}"
        for name, only in ONLY.items()
        if arguments.get(name, only) != only
    ]
    if kind not in ("glueetl", "pythonshell"):
        refusals.append(f"{kind} jobs: use glueetl or pythonshell")
    if runs.is_spark(job) and job["GlueVersion"] != VERSION:
        refusals.append(f"Glue {job['GlueVersion']}: set the job's GlueVersion to {VERSION}, which is Spark 3.5.4")
    if python not in ("3", "3.9"):
        refusals.append(f"Python {python}: set the command's PythonVersion to 3 or 3.9")
    if request.get("JobRunId"):
        refusals.append("to retry a run by its JobRunId: start a new run")
    if refusals:
        raise Refused(INVALID, f"The local AWS does not support {refusals[0]}.")
    if not runs.ready(spark=runs.is_spark(job)):
        raise Refused(
            INVALID, "Scripts run in the virtual environment `spark`, which is not there: `make aws` installs it."
        )


def _begin(
    job: Mapping[str, Any], request: Mapping[str, Any], arguments: Mapping[str, str], run_id: str, **again: Any
) -> str:
    """Record a run and start it; return its id.

    :param again: what there is to say of it if another run failed before it
    """
    from ministack.services import glue

    now, overrides = time.time(), {member: request[member] for member in OF_A_RUN if request.get(member)}
    sized = {member: job[member] for member in OF_A_RUN if member in job}
    if "MaxCapacity" in overrides:
        sized = {member: value for member, value in sized.items() if member not in ("WorkerType", "NumberOfWorkers")}
    run = {
        "Id": run_id,
        "Attempt": 0,
        "JobName": job["Name"],
        "JobMode": job["JobMode"],
        "StartedOn": now,
        "LastModifiedOn": now,
        "JobRunState": "STARTING",
        "Arguments": dict(request.get("Arguments") or {}),
        "PredecessorRuns": [],
        "ExecutionTime": 0,
        "LogGroupName": "/aws-glue/jobs" if runs.is_spark(job) else "/aws-glue/python-jobs",
        "GlueVersion": job["GlueVersion"],
        **_sized({**sized, **overrides}, 0.0625),
        **again,
    }
    glue._job_runs[job["Name"]].append(run)
    _stops[run_id] = asyncio.Event()
    task = asyncio.create_task(_run(job, request, arguments, run))
    _tasks.add(task)
    task.add_done_callback(_tasks.discard)
    return run_id


async def _run(
    job: Mapping[str, Any], request: Mapping[str, Any], arguments: Mapping[str, str], run: dict[str, Any]
) -> None:
    """Run a job and note how it ended; begin another run if this one failed and the job says so."""
    from ministack.services import glue

    try:
        state, message = await runs.execute(job, run, arguments, _stops[run["Id"]])
    except Exception as error:  # whatever it is, the run must not stay RUNNING for ever
        _finish(run, "FAILED", f"InternalServiceException: {error}")
        raise
    finally:
        del _stops[run["Id"]]
    _finish(run, state, message)
    if state == "FAILED" and run["Attempt"] < job["MaxRetries"] and job["Name"] in glue._jobs:
        attempt, first = run["Attempt"] + 1, run["Id"].partition("_attempt_")[0]
        _begin(job, request, arguments, f"{first}_attempt_{attempt}", Attempt=attempt, PreviousRunId=run["Id"])


def _finish(run: dict[str, Any], state: str, message: str | None) -> None:
    now = time.time()
    seconds = round(now - run["StartedOn"])
    run.update(JobRunState=state, CompletedOn=now, LastModifiedOn=now, ExecutionTime=seconds)
    run["DPUSeconds"] = seconds * run["MaxCapacity"]
    if message:
        run["ErrorMessage"] = message


def _job(request: Mapping[str, Any]) -> dict[str, Any]:
    from ministack.services import glue

    job: dict[str, Any] | None = glue._jobs.get(request["JobName"])
    if job is None:
        raise Refused("EntityNotFoundException", f"Entity Not Found: Job {request['JobName']}")
    return job
