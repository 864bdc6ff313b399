"""Set-up is quiet where all is well, and each failure of it names its cure: by make, with other programs in PATH."""

import fcntl
import importlib.util
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest
from django.core.management import CommandError, call_command

from tests.processes import ROOT

PIP_NOTES = "WARNING: Location 'file:///mirror/x/' is ignored: it is neither a file nor a directory.\n" * 20
NETWORK, FOLDER = "The package registry cannot be reached. Check the network.", "use a clone of your own."
PIP = "Installing the Python packages of requirements/runtime.txt ...\n"
NPM = "Installing the Node packages of package-lock.json ...\n"
REVIEWER = "A reviewer for /admin/:  .venv/bin/python manage.py createreviewer NAME\n"


def program(file: Path, script: str) -> Path:
    """Writes a program of this name for sh."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(f"#!/bin/sh\n{script}\n")
    file.chmod(0o755)
    return file


class Clone:
    """A folder with blanks in its name, with the Makefile and programs of the test's own instead of pip and npm."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.bin = folder / "a clone", folder / "other programs"
        shutil.copytree(ROOT / ".ci", self.folder / ".ci")
        shutil.copy(ROOT / "Makefile", self.folder)
        for name in ("requirements/runtime.txt", "requirements/node.txt", "requirements/dev.txt", "package-lock.json"):
            (self.folder / name).parent.mkdir(exist_ok=True)
            (self.folder / name).touch()
        self.has_pip("printf '%s' \"$NOTES\"")
        self.has_npm("mkdir -p node_modules; echo added 3 packages")

    def has_pip(self, script: str) -> None:
        """Makes .venv a Python whose pip does this. It runs no Django."""
        case = f'case "$1" in -m) {script};; manage.py) ;; *) exec {sys.executable} "$@";; esac'
        program(self.folder / ".venv/bin/python", case)

    def has_npm(self, script: str) -> None:
        program(self.bin / "npm", script)

    def make(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """The result of make, with what it says on both outputs."""
        path = f"{self.bin}:/usr/bin:/bin"
        return subprocess.run(
            ["make", *arguments],
            check=False,
            cwd=self.folder,
            env={"PATH": path, "NOTES": PIP_NOTES, "HOME": str(self.bin)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def fails(self, *arguments: str) -> str:
        """What make says when it fails, without make's own last line."""
        done = self.make(*arguments)
        assert done.returncode, done.stdout
        return done.stdout.rpartition("make: ***")[0]


@pytest.fixture
def clone(tmp_path: Path) -> Clone:
    return Clone(tmp_path)


@pytest.fixture
def setup(clone: Clone, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    """The module .ci/setup.py, in a clone without .venv."""
    shutil.rmtree(clone.folder / ".venv")
    monkeypatch.chdir(clone.folder)
    spec = importlib.util.spec_from_file_location("setup", ROOT / ".ci/setup.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    yield module


def test_set_up_says_what_takes_a_while_and_nothing_of_it_a_second_time(clone: Clone) -> None:
    assert clone.make("run").stdout == PIP + NPM + REVIEWER
    assert clone.make("run").stdout == REVIEWER


def test_a_secret_key_is_written_once_and_for_this_user_only(clone: Clone) -> None:
    clone.make(".env")
    written = (clone.folder / ".env").read_text()

    clone.make(".env")

    assert (clone.folder / ".env").read_text() == written
    assert written.startswith("DEBUG=1\nSECRET_KEY=") and len(written) > 60
    assert (clone.folder / ".env").stat().st_mode & 0o777 == 0o600


def test_new_requirements_are_installed(clone: Clone) -> None:
    clone.make("run")
    os.utime(clone.folder / ".venv/runtime", (1e9, 1e9))

    assert clone.make("run").stdout == PIP + REVIEWER


@pytest.mark.parametrize(
    ("said", "cure"),
    [
        ("<NewConnectionError: [Errno -3] Temporary failure in name resolution>: /simple/django/", NETWORK),
        ("ERROR: No matching distribution found for django", NETWORK),
        ("SSLError(SSLCertVerificationError(1, '[SSL: CERTIFICATE_VERIFY_FAILED]'))", "Set PIP_CERT and NODE_EXTRA"),
        ("ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device", "The disk is full"),
        ("error: [Errno 30] Read-only file system: '.venv'", FOLDER),
        ("ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE.", "Try again, or without a mirror"),
        ("/x/python: No module named pip", "apt-get install python3-venv"),
        ("npm error code ENOTFOUND", NETWORK),
        ("npm error network request failed, reason: connect ECONNREFUSED 127.0.0.1:9", NETWORK),
        ("npm error code SELF_SIGNED_CERT_IN_CHAIN", "Set PIP_CERT and NODE_EXTRA_CA_CERTS"),
        ("npm error code EACCES npm error path /home/x/.npm/_cacache", "Set npm_config_cache to a folder of yours."),
        ("npm error EACCES: permission denied, mkdir '/srv/proveflow/node_modules'", FOLDER),
        ("npm error code EINTEGRITY", "Try again, or without a mirror."),
    ],
)
def test_a_failed_installation_names_its_cure(
    said: str, cure: str, clone: Clone, setup: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    clone.has_npm(f'printf "%s" "$NOTES"; echo "{said}" >&2; exit 1')
    monkeypatch.setenv("NOTES", PIP_NOTES)
    monkeypatch.setenv("PATH", f"{clone.bin}:/usr/bin:/bin")

    with pytest.raises(SystemExit) as ended:
        setup.main("node", "package-lock.json", "node_modules/.package-lock.json")

    told = str(ended.value.code)
    assert told.startswith(f"{said}\n") and cure in told and "is ignored" not in told


def test_make_ends_with_the_cure(clone: Clone) -> None:
    clone.has_pip("echo Network is unreachable; exit 1")

    assert clone.fails("run").startswith(f"{PIP}Network is unreachable\n{NETWORK}")


def test_without_npm_it_comes_from_pypi(
    clone: Clone, setup: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    program(clone.folder / "npm", "/bin/mkdir -p node_modules")
    clone.has_pip('case "$*" in *node.txt*) /bin/mv npm .venv/bin/npm;; esac')
    monkeypatch.setenv("PATH", "/nowhere")

    setup.main("node", "package-lock.json", "node_modules/.package-lock.json")

    assert capsys.readouterr().out == f"Installing the Python packages of requirements/node.txt ...\n{NPM}"


@pytest.mark.parametrize("python", ["exit 1", "echo no such thing as ensurepip >&2; exit 127"])
def test_an_old_python_is_told_which_one_is_needed(python: str, clone: Clone) -> None:
    (clone.folder / ".venv/bin/python").unlink()
    program(clone.bin / "python3", python)

    told = clone.fails("run")

    assert told.startswith("proveflow needs Python 3.11 or newer.")
    assert "brew install python" in told and "make PYTHON=/path/to/python3.11" in told


def test_what_the_settings_say_is_passed_on_as_it_is(clone: Clone) -> None:
    program(
        clone.folder / ".venv/bin/python",
        f'[ "$1" = manage.py ] && echo "X: wrong" && exit 1; exec {sys.executable} "$@"',
    )
    for stamp in (".venv/runtime", "node_modules/.package-lock.json"):
        (clone.folder / stamp).parent.mkdir(exist_ok=True)
        (clone.folder / stamp).touch()

    assert clone.fails("run") == "X: wrong\n"


def test_a_second_make_waits_for_the_first(clone: Clone) -> None:
    (clone.folder / "var").mkdir()
    with (clone.folder / "var/setup.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        second = subprocess.Popen(
            [sys.executable, ".ci/setup.py", "settings"], cwd=clone.folder, stdout=subprocess.PIPE, text=True
        )
        assert second.stdout is not None
        assert second.stdout.readline() == "Another make is setting this folder up. Waiting for it ...\n"
        assert not (clone.folder / ".env").exists()

    with second:
        assert second.wait(timeout=20) == 0
    assert (clone.folder / ".env").exists()


def test_a_python_without_venv_leaves_nothing_half_made(
    setup: ModuleType, clone: Clone, monkeypatch: pytest.MonkeyPatch
) -> None:
    half = "mkdir -p .venv/bin; touch .venv/bin/python; echo ensurepip is not available; exit 1"
    monkeypatch.setattr(sys, "executable", str(program(clone.bin / "python3.11", half)))

    with pytest.raises(SystemExit, match="apt-get install python3-venv"):
        setup.main("venv")

    assert not (clone.folder / ".venv").exists()


def test_a_read_only_folder_is_told_so(setup: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path, **_: object) -> None:
        raise OSError(30, "Read-only file system", str(path))

    monkeypatch.setattr(Path, "mkdir", refuse)

    with pytest.raises(SystemExit, match=r"Read-only file system: 'var'\n.*use a clone of your own"):
        setup.main("settings")


def test_a_port_in_use_is_told_with_the_cure() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

        with pytest.raises(CommandError, match=f"Port {port} of 127.0.0.1: .* make run PORT=8001"):
            call_command("develop", f"127.0.0.1:{port}", "--noreload")


@pytest.mark.parametrize(
    ("system", "apt", "cure"),
    [
        ("Darwin", "", "brew install --cask google-chrome"),
        ("Linux", "", "apt-get install chromium"),
        ("Linux", "echo unreachable >&2; exit 100", "apt-get install chromium"),
    ],
)
def test_without_a_browser_it_says_how_to_get_one(system: str, apt: str, cure: str, clone: Clone) -> None:
    program(clone.bin / "uname", f"echo {system}")
    program(clone.bin / "id", "echo 0")
    if apt:
        program(clone.bin / "apt-get", apt)

    done = subprocess.run(["/bin/sh", ".ci/chromium"], cwd=clone.folder, env={"PATH": str(clone.bin)},
                          check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)  # fmt: skip

    told = ["Installing Chromium for the browser tests (apt) ..."] if apt else []
    assert done.stdout.splitlines()[:-1] == told
    assert done.stdout.splitlines()[-1].startswith("No Chromium or Chrome found: the browser tests will be skipped.")
    assert cure in done.stdout


def test_with_a_browser_it_says_nothing(clone: Clone) -> None:
    program(clone.bin / "headless_shell", "exit 0")

    assert subprocess.check_output(["/bin/sh", ".ci/chromium"], cwd=clone.folder, env={"PATH": str(clone.bin)}) == b""


@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]", "[::]"])
def test_run_and_serve_listen_on_the_host_that_is_named(clone: Clone, host: str) -> None:
    arguments = [f"HOST={host}", "PORT=8001"] if host != "127.0.0.1" else ["PORT=8001"]
    clone.make("run")
    program(clone.folder / ".venv/bin/python", '[ "$1 $2" = "manage.py develop" ] && echo "$3"; exit 0')
    program(clone.folder / ".venv/bin/gunicorn", 'echo "$3"')
    for target in ("run", "serve"):
        assert clone.make(target, *arguments).stdout.splitlines()[-1] == f"{host}:8001"


def test_clean_leaves_nothing_of_set_up(clone: Clone) -> None:
    clone.make("run")
    (clone.folder / "staticfiles").mkdir()

    clone.make("clean")

    assert {each.name for each in clone.folder.iterdir()} == {".ci", "Makefile", "requirements", "package-lock.json"}
