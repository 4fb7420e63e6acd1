"""What a person may say when triggering a run by hand."""

from airflow.sdk import Param

from quayside.pipeline import Pipeline


def landing(pipeline: Pipeline) -> dict[str, Param]:
    """Return the parameters of a landing DAG; files have no ranges, since each is landed once."""
    release = {
        "release": Param(
            None,
            type=["null", "string"],
            title="Release a blocked batch",
            description_md="Dataset and batch, as the gate's message names them: it passes although a rule blocks it.",
        ),
        "release_reason": Param(
            None,
            type=["null", "string"],
            title="Why it may pass",
            description_md="Kept in the ledger with your name.",
        ),
    }
    return release if pipeline.lands == "files" else _range(pipeline) | release


def replay() -> dict[str, Param]:
    """Return the parameters of the DAG that lands quarantined records again."""
    return {
        "dataset": Param(
            None,
            type=["null", "string"],
            title="Dataset",
            description_md="Its full name, e.g. `swiftpos.sale`.",
        ),
        "batch": Param(
            None,
            type=["null", "string"],
            title="Batch",
            description_md="Whose rejected records are meant, as the gate's page names it.",
        ),
        "rows": Param(
            None,
            type=["null", "array"],
            items={"type": "integer", "minimum": 0},
            title="Only these rows",
            description_md="Their `_row` in quarantine. Empty: those that are corrected, or else all.",
        ),
        "rule": Param(
            None,
            type=["null", "string"],
            title="Only what this rule rejected",
            description_md="Its name, as the gate's page shows it.",
        ),
        "corrected": Param(
            None,
            type=["null", "object"],
            title="Corrected records",
            description_md="`_row` → the whole record as it should have been. Other rows that are meant are released as they are.",
        ),
        "reason": Param(
            None,
            type=["null", "string"],
            title="Why they may pass",
            description_md="Kept in the ledger with your name.",
        ),
    }


def _range(pipeline: Pipeline) -> dict[str, Param]:
    return {
        "datasets": Param(
            None,
            type=["null", "array"],
            title="Only these datasets",
            items={"type": "string", "enum": list(pipeline.datasets)},
            examples=list(pipeline.datasets),
            description_md="All of them where none is chosen.",
        ),
        "since": Param(
            None,
            type=["null", "string"],
            format="date-time",
            title="Land again from",
            description_md="Lands rows last updated in this range once more, without moving the cursor. Inclusive.",
        ),
        "until": Param(
            None,
            type=["null", "string"],
            format="date-time",
            title="Land again until",
            description_md="Exclusive; the time of the run where empty.",
        ),
    }
