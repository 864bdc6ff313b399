"""The tables of docs/sandbox.md, made from the code. `python -m tests.sandbox.desk.tables` renews them."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import cast

from sandbox import urls
from sandbox.desk.control import Control
from sandbox.state.people import PEOPLE
from sandbox.state.switches import SWITCHES
from sandbox.wire.arguments import Arguments
from sandbox.wire.call import ROUTES
from sandbox.wire.faults import KINDS, OPTIONS

DOCS = Path(__file__).parents[3] / "docs/sandbox.md"


def tables() -> dict[str, str]:
    """Markdown by name."""
    return {
        "numbers": _table(
            ("Number", "Who", "Listed by", "What happens"),
            ((f"`{p.number}`", p.name, p.source, p.scenario) for p in PEOPLE.values()),
        ),
        "faults": _table(
            ("Kind", "What goes wrong", "Takes effect"),
            ((f"`{name}`", kind.description, "yes" if kind.effect else "no") for name, kind in KINDS.items()),
        ),
        "options": _table(("Option", "Of, with its default", "What"), _options()),
        "switches": _table(
            ("Switch", "Choices, default first", "What", "Why so"),
            (
                (f"`{s.name}`", ", ".join(f"`{c}`" for c in s.choices), s.description, s.reason)
                for s in SWITCHES.values()
            ),
        ),
        "routes": ", ".join(f"`{name}`" for name in sorted(ROUTES)) + ".",
        "control": _table(("Call", "What", "Arguments"), _control()),
    }


def _options() -> Iterator[tuple[str, str, str]]:
    for name, option in OPTIONS.items():
        kinds = [f"`{kind}` ({told.options[name]})" for kind, told in KINDS.items() if name in told.options]
        yield f"`{name}`", ", ".join(kinds) or "all", option.description


def _control() -> Iterator[tuple[str, str, str]]:
    for pattern in urls.CONTROL:
        for method, action in cast(Control, pattern.callback).actions.items():
            yield f"`{method} /sandbox/{pattern.pattern}`", action.what, _arguments(action.takes)


def _arguments(takes: Arguments) -> str:
    """Options and switches have tables of their own."""
    told = [
        f"`{name}`{'' if argument.required else ', optional'}: {argument.description}"
        for name, argument in takes.items()
        if name not in OPTIONS and name not in SWITCHES
    ]
    told += ["the kind's options"] * (not OPTIONS.keys().isdisjoint(takes))
    return "; ".join(told or ["switches and their choices"] * (not SWITCHES.keys().isdisjoint(takes)))


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
