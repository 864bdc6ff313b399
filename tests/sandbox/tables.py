"""The docs' tables, made from what the sandbox runs on. `python -m tests.sandbox.tables` renews docs/sandbox.md."""

from collections.abc import Iterable
from pathlib import Path

from sandbox import urls
from sandbox.call import ROUTES
from sandbox.faults import KINDS
from sandbox.people import PEOPLE
from sandbox.switches import SWITCHES

DOCS = Path(__file__).parents[2] / "docs/sandbox.md"


def tables() -> dict[str, str]:
    """Markdown by name."""
    return {
        "numbers": _table(
            ("Number", "Who", "Listed by", "What happens"),
            ((f"`{p.number}`", p.name, p.source, p.story) for p in PEOPLE.values()),
        ),
        "faults": _table(
            ("Kind", "What goes wrong", "Takes effect"),
            ((f"`{name}`", kind.what, "yes" if kind.effect else "no") for name, kind in KINDS.items()),
        ),
        "switches": _table(
            ("Switch", "Choices, default first", "What", "Why so"),
            ((f"`{s.name}`", ", ".join(f"`{c}`" for c in s.choices), s.what, s.why) for s in SWITCHES.values()),
        ),
        "routes": ", ".join(f"`{name}`" for name in ROUTES) + ".",
        "control": ", ".join(f"`/sandbox/{pattern.pattern}`" for pattern in urls.CONTROL) + ".",
    }


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def written(text: str) -> str:
    """The document with today's tables between its marks."""
    for name, table in tables().items():
        start, end = f"<!-- {name} -->\n", f"<!-- /{name} -->"
        before, _, rest = text.partition(start)
        text = f"{before}{start}{table}\n{end}{rest.partition(end)[2]}"
    return text


if __name__ == "__main__":
    DOCS.write_text(written(DOCS.read_text()))
