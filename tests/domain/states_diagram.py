"""The diagram of the states in docs/design.md, generated from the table.

To update it: manage.py shell -c "from tests.domain.states_diagram import update; update()"
"""

from pathlib import Path

from onboarding.domain.states import AFTER_LOST_CLAIM, FINAL, OPEN, TRANSITIONS, State
from onboarding.web.gate import PAGES

DOCS = Path(__file__).parents[2] / "docs/design.md"
START, END = "<!-- states -->\n", "<!-- /states -->"


def diagram() -> str:
    """Return the transitions in Mermaid, and a table with the page and the kind of each state."""
    transitions = [f"    {origin} --> {to}" for origin in State for to in State if to in TRANSITIONS.get(origin, ())]
    ends = [f"    {state} --> [*]" for state in State if state in FINAL]
    rows = [f"| `{state}` | {PAGES.get(state, 'none')} | {_kind(state)} |" for state in State]
    return "\n".join(
        [
            "```mermaid",
            "stateDiagram-v2",
            f"    [*] --> {State.STARTING}",
            *transitions,
            *ends,
            "```",
            "",
            "| state | page | kind |",
            "| --- | --- | --- |",
            *rows,
            "",
        ]
    )


def _kind(state: State) -> str:
    if state in AFTER_LOST_CLAIM:
        return f"claim; lost, it becomes `{AFTER_LOST_CLAIM[state]}`"
    return "open" if state in OPEN else "final"


def with_diagram(text: str) -> str:
    """Return the document with the current diagram between its marks."""
    before, _, rest = text.partition(START)
    return f"{before}{START}{diagram()}{END}{rest.partition(END)[2]}"


def update() -> None:
    DOCS.write_text(with_diagram(DOCS.read_text()))
