"""/version names the commit that is checked out, whoever owns the files."""

import subprocess
from pathlib import Path

import pytest

from proveflow.environment import commit_of

AUTHOR = ("-c", "user.name=Ada", "-c", "user.email=ada@example.com")


def git(folder: Path, *arguments: str) -> str:
    command = ["git", "-C", str(folder), *AUTHOR, *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    git(tmp_path, "init", "--initial-branch", "main")
    git(tmp_path, "commit", "--allow-empty", "--message", "first")
    return tmp_path


@pytest.mark.parametrize("after", [[], ["pack-refs", "--all"], ["checkout", "--detach"]], ids=str)
def test_the_commit_of_a_branch_of_packed_refs_and_of_a_release_is_found(checkout: Path, after: list[str]) -> None:
    if after:
        git(checkout, *after)
    assert commit_of(checkout) == git(checkout, "rev-parse", "HEAD")


def test_a_folder_without_git_and_an_empty_repository_have_no_commit(tmp_path: Path) -> None:
    assert commit_of(tmp_path) == ""
    git(tmp_path, "init")
    assert commit_of(tmp_path) == ""
