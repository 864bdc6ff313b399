"""Generates the tables of docs/reference.md from the code. `python -m tests.reference` updates them."""

import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import MISSING, fields
from datetime import timedelta
from pathlib import Path
from typing import Any, cast

ROOT = Path(__file__).parent.parent
DOCUMENT = ROOT / "docs/reference.md"
# What proveflow/settings.py reads: a key of PROVEFLOW, and the variable.
READ = re.compile(r'"(\w+)": .*?env\.\w+\(\s*"(\w+)"|PROVEFLOW\["(\w+)"\] = env\.\w+\("(\w+)"')


def tables() -> dict[str, str]:
    """Return the tables as Markdown, by name."""
    return {
        "settings": _table(("Key of `PROVEFLOW`", "Type", "Default", "Environment variable"), _settings()),
        "events": _table(("Event", "What the desk calls it", "Facts"), _events()),
        "metrics": _table(("Metric", "Kind", "Labels", "What"), _metrics()),
        "problems": _table(("Code", "Status", "Title"), _problems()),
    }


def _settings() -> Iterator[tuple[str, ...]]:
    from onboarding.conf import Conf

    found = READ.findall((ROOT / "proveflow/settings.py").read_text())
    variables = {key or other_key: name or other_name for key, name, other_key, other_name in found}
    for field in fields(Conf):
        default = field.default_factory() if field.default_factory is not MISSING else field.default
        yield f"`{field.name}`", f"`{_type(field.type)}`", _written(default), _code(variables.get(field.name))


def _type(annotation: Any) -> str:
    return re.sub(r"\w+\.(?=\w)", "", annotation.__name__ if isinstance(annotation, type) else str(annotation))


def _written(default: Any) -> str:
    if isinstance(default, timedelta):
        return f"{default.total_seconds() / 60:g} minutes"
    return _code(repr(default).replace("|", "\\|")) if default not in ("", (), {}) else ""


def _code(text: str | None) -> str:
    return f"`{text}`" if text else ""


def _events() -> Iterator[tuple[str, ...]]:
    from onboarding.domain.wording import EVENT_WORDS
    from onboarding.events import FACTS, Name

    for name in Name:
        facts = ", ".join(f"`{fact}`" for fact in sorted(FACTS.get(name, ())))
        yield f"`{name}`", str(EVENT_WORDS[name]), facts


def _metrics() -> Iterator[tuple[str, ...]]:
    from onboarding.telemetry import metrics

    for each in vars(metrics).values():
        if getattr(each, "__module__", "") == "prometheus_client.metrics" and not isinstance(each, type):
            kind = cast(str, each._type)
            name = f"{each._name}_total" if kind == "counter" else each._name
            yield f"`{name}`", kind, ", ".join(f"`{label}`" for label in each._labelnames), each._documentation
    for name, labels, what in QUEUES:
        yield f"`{name}`", "gauge", labels, what


# Those that `manage.py metrics` reads from the database.
QUEUES = (
    ("proveflow_database_up", "", "Whether the database answers."),
    ("proveflow_build_info", "`version`, `commit`", "The version that runs."),
    ("proveflow_queue", "`queue`", "What waits, by kind."),
    ("proveflow_queue_oldest_seconds", "`queue`", "How long the oldest waits."),
    ("proveflow_budget_used_ratio", "`budget`", "Share of a budget that is in use."),
)


def _problems() -> Iterator[tuple[str, ...]]:
    from onboarding.api.problems import PROBLEMS

    return ((f"`{code}`", str(status), title) for code, (status, title) in PROBLEMS.items())


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    return "\n".join(f"| {' | '.join(line)} |" for line in (head, tuple("---" for _ in head), *rows))


def updated(text: str) -> str:
    """Return the document with up-to-date tables between its markers, <!-- events --> and <!-- /events -->."""
    for name, table in tables().items():
        start, end = f"<!-- {name} -->\n", f"<!-- /{name} -->"
        before, _, rest = text.partition(start)
        text = f"{before}{start}{table}\n{end}{rest.partition(end)[2]}"
    return text


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
    import django

    django.setup()
    DOCUMENT.write_text(updated(DOCUMENT.read_text()))
