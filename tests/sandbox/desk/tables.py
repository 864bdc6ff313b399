"""Generates the tables of docs/sandbox.md from the code. `python -m tests.sandbox.desk.tables` updates them."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import cast

from sandbox import urls
from sandbox.desk.control import ControlView
from sandbox.state.people import PEOPLE
from sandbox.state.switches import SWITCHES
from sandbox.wire.arguments import Arguments
from sandbox.wire.call import ROUTES
from sandbox.wire.faults import KINDS, OPTIONS

DOCS = Path(__file__).parents[3] / "docs/sandbox.md"


def tables() -> dict[str, str]:
    """The tables as Markdown, by name."""
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
        kinds = [f"`{kind}` ({fault.options[name]})" for kind, fault in KINDS.items() if name in fault.options]
        yield f"`{name}`", ", ".join(kinds) or "all", option.description


def _control() -> Iterator[tuple[str, str, str]]:
    for pattern in urls.CONTROL:
        for method, action in cast(ControlView, pattern.callback).actions.items():
            yield f"`{method} /sandbox/{pattern.pattern}`", action.description, _arguments(action.arguments)


def _arguments(known: Arguments) -> str:
    """The arguments but for the faults' options and the switches, which have tables of their own."""
    described = [
        f"`{name}`{'' if argument.required else ', optional'}: {argument.description}"
        for name, argument in known.items()
        if name not in OPTIONS and name not in SWITCHES
    ]
    described += ["the kind's options"] * (not OPTIONS.keys().isdisjoint(known))
    return "; ".join(described or ["switches and their choices"] * (not SWITCHES.keys().isdisjoint(known)))


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def updated(text: str) -> str:
    """The document with up-to-date tables between its markers, such as <!-- faults --> and <!-- /faults -->."""
    for name, table in tables().items():
        start, end = f"<!-- {name} -->\n", f"<!-- /{name} -->"
        before, _, rest = text.partition(start)
        text = f"{before}{start}{table}\n{end}{rest.partition(end)[2]}"
    return text


if __name__ == "__main__":
    DOCS.write_text(updated(DOCS.read_text()))
