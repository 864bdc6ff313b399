"""The examples of docs/sandbox.md do what it says, as they stand there."""

import os
import re
import shutil
import subprocess
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

import pytest

from sandbox import cli
from tests.processes import ROOT
from tests.sandbox.desk.tables import DOCS
from tests.sandbox.driver import SandboxDriver

ADA = "+12025550101"


def example(name: str) -> str:
    """The block of code between the markers of this name."""
    found = re.search(f"<!-- {name} -->\n```\\w+\n(.*)```\n<!-- /{name} -->", DOCS.read_text(), re.DOTALL)
    assert found, name
    return found[1]


def output(program: str, *arguments: str) -> str:
    if shutil.which(program) is None:
        pytest.skip(f"{program} is not installed")
    return subprocess.run([program, *arguments], check=True, capture_output=True, text=True, timeout=30).stdout


def test_the_journey_of_six_lines_comes_to_a_bind(standalone: SandboxDriver) -> None:
    if shutil.which("jq") is None or shutil.which("curl") is None:
        pytest.skip("curl or jq is not installed")
    definitions, lines = example("journey").split("\n\n")
    assert len(lines.splitlines()) == 6

    said = output("sh", "-ec", definitions.replace("http://127.0.0.1:9090", standalone.origin) + "\n" + lines)

    answers = re.findall('"(?:success|status)": "([a-z_]+)"', said)
    assert answers == ["possession_required", "pending", "approved", "true"]


def test_the_code_is_read_in_python(standalone: SandboxDriver) -> None:
    standalone.send_code(ADA)
    names: dict[str, Any] = {"origin": standalone.origin}

    exec(example("python"), names)

    assert names["code"] == standalone.code(ADA)


def test_the_code_is_read_in_javascript(standalone: SandboxDriver) -> None:
    standalone.send_code(ADA)
    script = f"const origin = '{standalone.origin}'; {example('javascript')} console.log(code)"

    assert output("node", "--input-type=module", "-e", script).strip() == standalone.code(ADA)


def test_a_sandbox_for_one_worker_is_started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("DJANGO_SETTINGS_MODULE", "sandbox.settings")
    names: dict[str, Any] = {"folder": str(tmp_path)}

    exec(example("parallel").replace('".venv/bin/python"', repr(sys.executable)), names)

    with names["sandbox"] as process:
        process.terminate()
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+", names["origin"])
    assert os.listdir(tmp_path) == ["sandbox.sqlite3"]


def test_every_option_of_the_command_is_in_the_guide() -> None:
    parser = ArgumentParser(add_help=False)
    cli.add_arguments(parser)

    options = set(re.findall(r"--[a-z-]+", parser.format_help()))
    assert {"--host", "--tls"} < options
    assert options <= set(re.findall(r"--[a-z-]+", DOCS.read_text()))
