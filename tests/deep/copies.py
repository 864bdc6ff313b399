"""Copies of the project, in which a text is replaced to see what notices it."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
LINKED = (".venv", "node_modules")
LEFT_OUT = (".git", "var", "staticfiles", "__pycache__", ".*_cache", ".env", *LINKED)


def copied(folder: Path) -> Path:
    """Return `folder`, after copying the project there, with links to what is installed."""
    shutil.copytree(ROOT, folder, ignore=shutil.ignore_patterns(*LEFT_OUT))
    for name in LINKED:
        (folder / name).symlink_to((ROOT / name).resolve())
    return folder


@contextmanager
def changed(file: Path, old: str, new: str) -> Iterator[None]:
    """Replace a text of the file until the end of the block."""
    whole = file.read_text()
    file.write_text(whole.replace(old, new))
    try:
        yield
    finally:
        file.write_text(whole)
