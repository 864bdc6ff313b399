"""The diagram of the states in docs/design.md, made from the table.

Renew it: manage.py shell -c "from tests.domain.states_diagram import renew; renew()"
"""

from pathlib import Path

from onboarding.domain.states import AFTER_LOST_CLAIM, FINAL, OPEN, TRANSITIONS, State
from onboarding.web.gate import PAGES

DOCS = Path(__file__).parents[2] / "docs/design.md"
START, END = "<!-- states -->\n", "<!-- /states -->"


def diagram() -> str:
    """Mermaid for the moves, and a row a state for its page and for where a lost claim leaves it."""
    moves = [f"    {origin} --> {to}" for origin in State for to in State if to in TRANSITIONS.get(origin, ())]
    ends = [f"    {state} --> [*]" for state in State if state in FINAL]
    rows = [f"| `{state}` | {PAGES.get(state, 'none')} | {_kind(state)} |" for state in State]
    return "\n".join(
        [
            "```mermaid",
            "stateDiagram-v2",
            f"    [*] --> {State.STARTING}",
            *moves,
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


def written(text: str) -> str:
    """The document with today's diagram between its marks."""
    before, _, rest = text.partition(START)
    return f"{before}{START}{diagram()}{END}{rest.partition(END)[2]}"


def renew() -> None:
    DOCS.write_text(written(DOCS.read_text()))
