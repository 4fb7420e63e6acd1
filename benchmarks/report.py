"""Tables for people: what was measured, what was promised, on which machine."""

import os
import platform
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from statistics import median

RESULTS = Path(__file__).with_name("RESULTS.md")
HEAD = """# Results

Measured by `make bench`. Times are wall-clock medians; imports are not counted. What is compared was measured in turns,
and a ratio is the median of the turns' ratios, so that both sides meet the same noise. Peak memory is the highest resident
set of a process of its own.
"""


@dataclass(frozen=True, slots=True)
class Target:
    """A promise and whether it was kept.

    :param found: the figure, as a person reads it
    """

    what: str
    found: str
    met: bool


@dataclass(frozen=True, slots=True)
class Section:
    """One benchmark's part of the results.

    :param rows: the first is the heading
    """

    title: str
    text: str
    rows: Sequence[Sequence[str]]
    targets: Sequence[Target] = field(default=())

    def render(self) -> str:
        """Return it as Markdown."""
        promised = [["promise", "found", ""], *([t.what, t.found, "✓" if t.met else "✗"] for t in self.targets)]
        tables = [_table(self.rows)] + ([_table(promised)] if self.targets else [])
        return "\n".join([f"## {self.title}", "", machine(), "", self.text, "", *"\n\n".join(tables).split("\n"), ""])


def ratio(ours: Sequence[float], others: Sequence[float]) -> float:
    """Return the median of the turns' ratios."""
    return median(one / other for one, other in zip(ours, others, strict=True))


def write(section: Section) -> None:
    """Put a section into RESULTS.md in place of its last one; other sections stay."""
    sections = {}
    if RESULTS.exists():
        for text in re.split(r"^(?=## )", RESULTS.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]:
            sections[text.split("\n", 1)[0]] = text.rstrip() + "\n"
    sections[f"## {section.title}"] = section.render()
    RESULTS.write_text("\n".join([HEAD, *sections.values()]), encoding="utf-8")


def machine() -> str:
    """Describe what the figures were taken on, without saying whose it is."""
    return (
        f"{datetime.now(UTC):%Y-%m-%d}, {_processor()}, {os.cpu_count()} cores, {_memory()} GB, {platform.system()} "
        f"{platform.release().split('-')[0]}, Python {platform.python_version()}, PostgreSQL {_postgres()}, "
        f"pyarrow {version('pyarrow')}, psycopg {version('psycopg')}, Airflow {version('apache-airflow-core')}."
    )


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    if info.exists():
        found = re.search(r"model name\s*:\s*(.+)", info.read_text())
        if found:
            return found[1].strip()
    return platform.processor() or platform.machine()


def _memory() -> int:
    return round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9)


def _postgres() -> str:
    from benchmarks.servers import postgres_version

    return postgres_version()


def _table(rows: Sequence[Sequence[str]]) -> str:
    head, *body = rows
    lines = [head, ["---"] + ["---:" if index < 4 else "---" for index in range(1, len(head))], *body]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
