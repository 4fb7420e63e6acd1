"""The page a person opens to see what the gate found in a run: one HTML file that needs nothing else."""

from dataclasses import dataclass
from html import escape
from itertools import groupby

from quayside.ledger import Entry
from quayside.quality.quarantine import quarantine_key, sample
from quayside.quality.results import Result, read_results, slug
from quayside.run import Run

_SAMPLE = 20
_STYLE = """
:root { color-scheme: light dark; --line: #d5dbe0; --soft: #f5f7f8; --quiet: #5c6b76; --good: #1a7f4b; --bad: #b42318;
  --odd: #9a6700; --back: #fff; --text: #17212b }
@media (prefers-color-scheme: dark) { :root { --line: #33404b; --soft: #1d262e; --quiet: #9db0bd; --good: #4ac78a;
  --bad: #ff8a7d; --odd: #e3b341; --back: #141b21; --text: #e6edf2 } }
* { box-sizing: border-box }
body { margin: 0 auto; max-width: 68rem; padding: 2rem 1.25rem 4rem; background: var(--back); color: var(--text);
  font: 15px/1.5 system-ui, sans-serif }
h1 { font-size: 1.5rem; margin: 0 } h2 { font-size: 1.1rem; margin: 0; display: inline } h3 { font-size: .95rem; margin: 1rem 0 .3rem }
p { margin: .2rem 0 1rem; color: var(--quiet) } code { font: .9em ui-monospace, monospace }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums }
th { text-align: left; font-weight: 600; color: var(--quiet) }
th, td { padding: .35rem .7rem .35rem .2rem; border-bottom: 1px solid var(--line); vertical-align: top; overflow-wrap: anywhere }
.number { text-align: right } th, .number, td.good, td.bad, td.odd { white-space: nowrap } .wide { overflow-x: auto }
details { margin: 1rem 0; padding: .7rem 1rem; border: 1px solid var(--line); border-radius: .5rem; background: var(--soft) }
summary { cursor: pointer } .good { color: var(--good) } .bad { color: var(--bad); font-weight: 600 } .odd { color: var(--odd) }
"""


def page_key(run: str) -> str:
    """Return where the page of a run is in the lake."""
    return f"quality/pages/{slug(run)}.html"


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """What the page shows of one batch.

    :param rejects: ordinal, rules and reasons of the first rejected rows
    """

    dataset: str
    batch: str
    status: str
    rows: int
    rejected: int
    results: list[Result]
    rejects: list[tuple[int, str, str]]


class Page:
    """The page of one run; a retry goes on with what the attempt before it had."""

    def __init__(self, run: Run) -> None:
        self._run, self.key = run, page_key(run.id)
        self._sections: dict[tuple[str, str], Section] = {}
        earlier = sorted(read_results(run), key=lambda result: (result.dataset, result.batch))
        for (dataset, batch), results in groupby(earlier, key=lambda result: (result.dataset, result.batch)):
            entry = run.ledger.batch(dataset, batch)
            self._add(entry, entry.status, int(entry.facts.get("rejected", 0)), list(results))

    def show(self, entry: Entry, status: str, rejected: int, results: list[Result]) -> None:
        """Add a batch, and write the page."""
        self._add(entry, status, rejected, results)
        page = render(self._run.id, list(self._sections.values()))
        self._run.lake.write_bytes(self.key, page.encode(), kind="text/html; charset=utf-8")

    def _add(self, entry: Entry, status: str, rejected: int, results: list[Result]) -> None:
        rejects = sample(self._run.lake, entry.dataset, entry.batch, _SAMPLE) if rejected else []
        self._sections[entry.dataset, entry.batch] = Section(
            dataset=entry.dataset,
            batch=entry.batch,
            status=status,
            rows=entry.rows,
            rejected=rejected,
            results=results,
            rejects=rejects,
        )


def render(run: str, sections: list[Section]) -> str:
    """Return the page. Reasons and observations name no personal or restricted value, so the page holds none."""
    rows, rejected = sum(section.rows for section in sections), sum(section.rejected for section in sections)
    blocked = sum(section.status == "blocked" for section in sections)
    summary = f"{len(sections)} batches, {rows:,} rows, {rejected:,} rejected, {blocked} blocked"
    overview = _table(
        ("dataset", "batch", "#rows", "#rejected", "#checks", "#not passed", "verdict"),
        [
            (
                section.dataset,
                section.batch,
                f"{section.rows:,}",
                f"{section.rejected:,}",
                str(len(section.results)),
                str(sum(not result.passed for result in section.results)),
                _verdict(section.status),
            )
            for section in sections
        ],
    )
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>Quality gate · {escape(run)}</title><style>{_STYLE}</style></head><body>"
        f"<h1>Quality gate</h1><p>Run <code>{escape(run)}</code> · {summary}</p>{overview}"
        f"{''.join(_section(section) for section in sections)}</body></html>"
    )


def _section(section: Section) -> str:
    ordered = sorted(section.results, key=lambda result: (result.passed, result.kind, result.rule))
    checks = _table(
        ("rule", "found", "expected", "#rows", "outcome"),
        [
            (result.rule, result.observed, result.expected, f"{result.unexpected_rows:,}", _outcome(result))
            for result in ordered
        ],
    )
    rejects = ""
    if section.rejects:
        key = quarantine_key(section.dataset, section.batch)
        rejects = (
            f"<h3>Rejected rows: the first {len(section.rejects)} of {section.rejected:,}</h3>"
            f"<p>All are kept in <code>{escape(key)}</code>.</p>"
            + _table(("#row", "rule", "reason"), [(str(row), rule, why) for row, rule, why in section.rejects])
        )
    opened = "" if all(result.passed for result in section.results) else " open"
    return (
        f"<details{opened}><summary><h2>{escape(section.dataset)}</h2> · {escape(section.batch)} · {section.rows:,} rows"
        f" · {section.rejected:,} rejected</summary>{checks}{rejects}</details>"
    )


def _outcome(result: Result) -> "_Mark":
    if result.passed:
        return _Mark("passed", "good")
    return _Mark(
        *{"reject": ("rejected", "bad"), "block": ("blocks", "bad"), "warn": ("warning", "odd")}[result.severity]
    )


def _verdict(status: str) -> "_Mark":
    return _Mark(status, "bad" if status == "blocked" else "good")


@dataclass(frozen=True, slots=True)
class _Mark:
    text: str
    tone: str


def _table(heads: tuple[str, ...], rows: list[tuple[str | _Mark, ...]]) -> str:
    """Return a table; a head that begins with # is a column of numbers."""
    styles = [' class="number"' if head.startswith("#") else "" for head in heads]
    head = "".join(
        f"<th{style}>{escape(name.removeprefix('#'))}</th>" for name, style in zip(heads, styles, strict=True)
    )
    body = "".join(
        f"<tr>{''.join(_cell(value, style) for value, style in zip(row, styles, strict=True))}</tr>" for row in rows
    )
    return f'<div class="wide"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'


def _cell(value: str | _Mark, style: str) -> str:
    if isinstance(value, _Mark):
        return f'<td class="{value.tone}">{escape(value.text)}</td>'
    return f"<td{style}>{escape(value)}</td>"
