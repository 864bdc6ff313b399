"""Installs what the Makefile's targets need. Tells what takes a while, and nothing else; a failure ends with its cure.

Usage: setup.py venv | packages REQUIREMENTS STAMP | node PACKAGE_LOCK STAMP | settings | database
"""

import fcntl
import os
import re
import secrets
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

BIN = Path(".venv/bin").absolute()
PYTHON = str(BIN / "python")
MAX_LINES = 8  # of the output of a command that failed
PIP_NOTE = "is ignored: it is neither a file nor a directory"
FOLDER = "This folder cannot be written to. Set-up writes .venv, node_modules, .env and var: use a clone of your own"
# What the output of a failed command contains (in any case), and what to do about it. The first match counts.
CURES = {
    "certificate.verify.failed|self.signed.cert|unable to get local issuer": (
        "A proxy signs the registry's answers itself. Set PIP_CERT and NODE_EXTRA_CA_CERTS to its certificate's file"
    ),
    "no space left|enospc": "The disk is full",
    r"\.npm\b.*(eacces|erofs)|(eacces|erofs)[^.]*\.npm\b|npm cache": (
        "npm's cache cannot be written to. Set npm_config_cache to a folder of yours"
    ),
    "read-only file system|permission denied|eacces|erofs": FOLDER,
    "readonly database|unable to open database": (
        "The database cannot be written to. Set DATABASE_URL in .env, as .env.example shows"
    ),
    "ensurepip|no module named venv|no module named pip": (
        "This Python has no venv. On Debian and Ubuntu: apt-get install python3-venv. Or use another Python: "
        "make PYTHON=/path/to/python3.11 ..."
    ),
    "do not match the hashes|eintegrity": "A package is not the one that was locked. Try again, or without a mirror",
    "name resolution|newconnectionerror|max retries|timed out|unreachable|network|no matching distribution"
    "|could not find a version|enotfound|eai_again|etimedout|econnrefused|econnreset": (
        "The package registry cannot be reached. Check the network. Behind a proxy, set HTTPS_PROXY; for a mirror, set "
        "PIP_INDEX_URL and npm_config_registry"
    ),
}


def venv() -> None:
    """Makes .venv, unless another make has done so meanwhile."""
    if not Path(PYTHON).exists():
        try:
            _run("Making .venv", [sys.executable, "-m", "venv", "--clear", ".venv"])
        except SystemExit:
            shutil.rmtree(".venv", ignore_errors=True)  # what is half made has a python already
            raise


def packages(requirements: str, stamp: str) -> None:
    """Installs locked packages into .venv, unless the stamp is newer than their list."""
    if _is_older(stamp, requirements):
        install = [PYTHON, "-m", "pip", "install", "--quiet", "--retries", "2", "--require-hashes", "-r", requirements]
        _run(f"Installing the Python packages of {requirements}", install)
        Path(stamp).touch()


def node(lock: str, stamp: str) -> None:
    """Installs the packages of a package-lock.json, unless the stamp is newer. Without npm, npm comes from PyPI."""
    if not _is_older(stamp, lock):
        return
    if not shutil.which("npm") and not (BIN / "npm").exists():
        packages("requirements/node.txt", ".venv/node")
    clean_install = [shutil.which("npm") or str(BIN / "npm"), "ci", "--loglevel=error", "--no-audit", "--no-fund"]
    _run(f"Installing the Node packages of {lock}", [*clean_install, "--prefix", str(Path(lock).parent)])
    Path(stamp).touch()


def settings() -> None:
    """Writes .env with a secret key, unless there is one."""
    if not Path(".env").exists():
        with open(os.open(".env", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(f"DEBUG=1\nSECRET_KEY={secrets.token_urlsafe(50)}\nDATA_KEYS={secrets.token_urlsafe(50)}\n")


def database() -> None:
    """Migrates the database."""
    _run("", [PYTHON, "manage.py", "migrate", "--verbosity", "0"])


TASKS = {task.__name__: task for task in (venv, packages, node, settings, database)}


def main(task: str, *arguments: str) -> None:
    try:
        with _alone():
            TASKS[task](*arguments)
    except OSError as error:
        sys.exit("\n".join([str(error), *_cures(str(error))]))


@contextmanager
def _alone() -> Iterator[None]:
    """Waits until no other make is setting this folder up."""
    Path("var").mkdir(exist_ok=True)
    with open("var/setup.lock", "w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            _tell("Another make is setting this folder up. Waiting for it")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _is_older(stamp: str, source: str) -> bool:
    return not Path(stamp).exists() or Path(stamp).stat().st_mtime < Path(source).stat().st_mtime


def _run(what: str, command: Sequence[str]) -> None:
    """Tells `what`, if it is not empty, and runs the command. If that fails, ends with what it said and the cure."""
    if what:
        _tell(what)
    environment = {**os.environ, "PATH": f"{BIN}{os.pathsep}{os.environ.get('PATH', '')}"}
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)  # noqa: S603
    output = process.communicate()[0]
    if process.returncode:
        said = [line for line in output.splitlines() if line.strip() and PIP_NOTE not in line]
        sys.exit("\n".join([*said[-MAX_LINES:], *_cures(output)]))


def _cures(output: str) -> list[str]:
    """The sentence that says what to do, or nothing for an output that nobody has foreseen."""
    return [f"{cure}." for pattern, cure in CURES.items() if re.search(pattern, output, re.IGNORECASE)][:1]


def _tell(what: str) -> None:
    sys.stdout.write(f"{what} ...\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
