"""Request bodies in chunks, which WSGI does not pass on and which Django therefore takes for empty.

Prove's Java SDK and Node's streamed fetch send them. https://www.rfc-editor.org/rfc/rfc9112#section-7.1
"""

import io
import re
from collections.abc import Iterator

from django.conf import settings
from django.http import HttpRequest

MAX_BODY_BYTES = 16 * 1024 * 1024
MAX_LINE_BYTES = 4096
Reader = io.BufferedReader


def read_body(request: HttpRequest, reader: Reader) -> None:
    """Reads the request's body from the connection, and gives it to the request together with its length.

    Raises ValueError if it is malformed or has more than MAX_BODY_BYTES. Then it is not known where it ends, and the
    connection has to be closed.
    """
    body = b"".join(_chunks(reader))
    request.META["CONTENT_LENGTH"] = str(len(body))
    if len(body) <= (settings.DATA_UPLOAD_MAX_MEMORY_SIZE or MAX_BODY_BYTES):  # else Django refuses it by its length
        request._body = body  # as HttpRequest.body stores it


def _chunks(reader: Reader) -> Iterator[bytes]:
    """The chunks up to the last one, whose size is 0. Also reads the trailer, which is ignored."""
    length = 0
    while size := _size(_line(reader)):
        length += size
        if length > MAX_BODY_BYTES:
            raise ValueError("the body is too large")
        chunk = reader.read(size)
        if len(chunk) < size or _line(reader):
            raise ValueError("a chunk is not as long as it says")
        yield chunk
    while _line(reader):
        pass


def _size(line: bytes) -> int:
    """The size of a chunk, which may be followed by extensions."""
    size = re.match(rb"[0-9A-Fa-f]{1,8}(?=[ \t]*(;|$))", line)
    if size is None:
        raise ValueError("not the size of a chunk")
    return int(size[0], 16)


def _line(reader: Reader) -> bytes:
    line = reader.readline(MAX_LINE_BYTES)
    if not line.endswith(b"\r\n"):
        raise ValueError("a line has no end")
    return line[:-2]
