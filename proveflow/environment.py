"""The environment variables and the .env file, by django-environ. What is wrong is told in one sentence, by name.

No sentence has a value, because it may be a secret.
"""

import errno
import os
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from difflib import get_close_matches
from io import StringIO
from json import loads
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import CommandError
from django.db import OperationalError
from environ import Env

ENV_FILE = "ENV_FILE"
CREDENTIALS = "CREDENTIALS_DIRECTORY"  # https://systemd.io/CREDENTIALS/
BOOLEANS = dict.fromkeys(("1", "true", "on", "ok", "yes", "y"), True) | dict.fromkeys(("0", "false", "off", "no", "n"))
HIGHEST = 100_000  # of all whole numbers: more days, hours or cents are a mistake, and overflow in dates
FREE_TEXT = ("BRAND_NAME", "CARRIER_CONSENT")
LINE = re.compile(r"\s*|\s*#.*|(export )?\w+=.*")  # of an .env file
ALIKE, ALIKE_IF_SHORT = 0.88, 0.8  # difflib's ratio, from which a name counts as a misspelling
SHORT = 7  # letters
# Reasons why a file cannot be read or written that another place mends, and the settings of places.
MISPLACED = {errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.ENOSPC, errno.EDQUOT, errno.ENAMETOOLONG}
PLACES = "BRAND_DIR, DATABASE_URL, METRICS_DIR, SANDBOX_STORE and STATIC_ROOT say where files are."
OURS = re.compile(r"(PROVE|TWILIO)_")
# What Kubernetes sets for a service of that name, and what Twilio's own package reads.
THEIRS = re.compile(r"\w+_(SERVICE_HOST|SERVICE_PORT\w*|PORT(_\d+_\w+)?)|TWILIO_(EDGE|REGION)")


class Environment(Env):  # type: ignore[misc]
    """The variables of this process, and those of an .env file that the process does not have.

    Its methods raise ImproperlyConfigured, with the name of the variable. `os.environ` stays as it is.
    """

    def __init__(self, file: Path) -> None:
        """Read the file that ENV_FILE names, or else `file`, which need not exist. Raises ImproperlyConfigured."""
        super().__init__()
        named = os.environ.get(ENV_FILE, "")
        self.ENVIRON = {**_read(Path(named or file), is_required=bool(named)), **os.environ}
        self.names = {ENV_FILE}  # of the variables that were asked for

    def get_value(
        self,
        var: str,
        cast: Any = None,
        default: Any = Env.NOTSET,
        parse_default: bool = False,  # noqa: ARG002, FBT001, FBT002 - django-environ's signature
    ) -> Any:
        """Return the value, or the default. Numbers, switches and paths have their default if they are empty, too."""
        self.names |= {var, f"{var}_FILE"}
        text = self._text(var)
        if not text and default is Env.NOTSET:
            raise ImproperlyConfigured(f"{var} is not set: .env.example tells what belongs there.")
        if text is None or (not text and cast in (int, bool, None)):
            return default
        reader, what = READERS.get(cast or str, READERS[str])
        try:
            return reader(text)
        except (ValueError, RecursionError):
            raise ImproperlyConfigured(f"{var} has to be {what}.") from None

    def json(self, var: str, default: Any = Env.NOTSET) -> Any:
        """Return a JSON object."""
        return self.get_value(var, cast=dict, default=default)

    def choice(self, var: str, known: Sequence[str], default: str) -> str:
        """Return one of the known values, whose case does not matter."""
        found = {each.lower(): each for each in known}.get(self.get_value(var, cast=str, default="").lower() or default)
        if found is None:
            raise ImproperlyConfigured(f"{var} has to be one of {', '.join(known)}.")
        return found

    def address(self, var: str, default: str = "", *, like: str = "https://example.com/") -> str:
        """Return a URL that can be parsed, or "". What it may be is for the checks to say."""
        url = self.get_value(var, cast=str, default=default)
        try:
            _ = urlsplit(url).port
        except ValueError:
            url = " "
        if re.search(r"\s", url):
            raise ImproperlyConfigured(f"{var} has to be a URL, like {like}.")
        return str(url)

    def refuse_misspelt(self) -> None:
        """Raise ImproperlyConfigured for a variable that nothing asked for, and that looks like one of ours."""
        for name in self.ENVIRON.keys() - self.names:
            cutoff = ALIKE if len(name) > SHORT else ALIKE_IF_SHORT
            alike = get_close_matches(name.upper(), self.names, n=1, cutoff=cutoff)
            if not alike and OURS.match(name) and not THEIRS.fullmatch(name):
                alike = get_close_matches(name, self.names, n=1, cutoff=0)
            if alike:
                raise ImproperlyConfigured(f"{name} is no setting of proveflow. Is {alike[0]} meant?")

    def _text(self, name: str) -> str | None:
        """Return the value of the variable, or of the one that it names, as it is meant: without outer blanks."""
        text = self.ENVIRON.get(name)
        if not text and (of_file := self._of_file(name)) is not None:
            text = of_file
        if text is None or name in FREE_TEXT:
            return text
        text = text.strip()
        if text.startswith("$"):
            other = text.lstrip("$").strip("{}")
            if self.ENVIRON.get(other, "$").strip().startswith("$"):
                reason = r"begins with $ and names no variable that has a value. A dollar sign is written as \$"
                raise ImproperlyConfigured(f"{name} {reason}.")
            return self._text(other)
        if len(text) > 1 and text[0] == text[-1] and text[0] in "\"'":
            raise ImproperlyConfigured(f"{name} is in quotes, which are part of the value here: leave them out.")
        if not text.isprintable():
            raise ImproperlyConfigured(f"{name} has a character that cannot be seen.")
        return text.replace(r"\$", "$")

    def _of_file(self, name: str) -> str | None:
        """Return what the file that NAME_FILE names has, or systemd's credential NAME; or None."""
        if named := self.ENVIRON.get(f"{name}_FILE", ""):
            file = Path(named)
        elif (folder := os.environ.get(CREDENTIALS)) and Path(folder, name).exists():
            file = Path(folder, name)
        else:
            return None
        try:
            return file.read_text("utf-8").strip().replace("$", r"\$")
        except (OSError, UnicodeError) as error:
            why = error.strerror if isinstance(error, OSError) else "it is not in UTF-8"
            raise ImproperlyConfigured(f"The file of {name} cannot be read: {why}.") from None


def _number(text: str) -> int:
    if not 0 <= (number := int(text)) <= HIGHEST:
        raise ValueError
    return number


def _switch(text: str) -> bool:
    if (known := text.lower()) not in BOOLEANS:
        raise ValueError
    return bool(BOOLEANS[known])


def _list(text: str) -> list[str]:
    return [item.strip() for item in text.split(",") if item.strip()]


def _object(text: str) -> dict[str, Any]:
    """Return the JSON object; {} for nothing."""
    if not isinstance(found := loads(text or "{}"), dict):
        raise ValueError  # noqa: TRY004 - as the parser
    return found


# What reads a variable, and what it has to be, by the type that django-environ names.
READERS: dict[Any, tuple[Callable[[str], Any], str]] = {
    str: (str, "a text"),
    int: (_number, f"a whole number from 0 to {HIGHEST:,}"),
    bool: (_switch, "0 or 1"),
    list: (_list, "a list with commas"),
    dict: (_object, "a JSON object"),
}


def _read(file: Path, *, is_required: bool) -> dict[str, str]:
    """Return the variables of an .env file. Raises ImproperlyConfigured."""
    try:
        text = file.read_text("utf-8-sig")
    except FileNotFoundError:
        if is_required:
            raise ImproperlyConfigured(f"{ENV_FILE} names {file}, which does not exist.") from None
        return {}
    except (OSError, UnicodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not in UTF-8"
        raise ImproperlyConfigured(f"{file} ({ENV_FILE}) cannot be read: {why}.") from None
    for number, line in enumerate(text.splitlines(), start=1):
        if not LINE.fullmatch(line):
            raise ImproperlyConfigured(f"{file} ({ENV_FILE}), line {number}: this is not NAME=value.")

    class File(Env):  # type: ignore[misc]
        ENVIRON: dict[str, str] = {}  # noqa: RUF012 - of this class alone

    File.read_env(StringIO(text))
    return File.ENVIRON


def commit_of(checkout: Path) -> str:
    """Return the commit that is checked out, or "". Git is not asked: it refuses who does not own the files."""
    folder = checkout / ".git"
    with suppress(OSError):
        head = (folder / "HEAD").read_text().strip()
        if not head.startswith("ref: "):
            return head
        branch = head.removeprefix("ref: ")
        with suppress(OSError):
            return (folder / branch).read_text().strip()
        packed = [line.split() for line in (folder / "packed-refs").read_text().splitlines()]
        return next((words[0] for words in packed if words[1:] == [branch]), "")
    return ""


@contextmanager
def in_a_sentence(exit_code: int = 1) -> Iterator[None]:
    """End the process with one sentence, in place of a traceback, for what operators can mend."""
    try:
        yield
    except (ImproperlyConfigured, CommandError) as error:
        reason = str(error)
    except OperationalError as error:
        reason = f"The database of DATABASE_URL fails: {error}"
    except OSError as error:
        if error.errno not in MISPLACED or not error.filename:
            raise
        reason = f"{error.filename}: {error.strerror}. {PLACES}"
    else:
        return
    sys.stderr.write(f"{reason}\n")
    sys.exit(exit_code)
