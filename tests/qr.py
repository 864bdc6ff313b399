"""Reads QR codes of version 4, level M, drawn in SVG: ISO/IEC 18004 without error correction."""

import re
from collections.abc import Callable, Iterator

SIZE = 33  # modules
BLOCKS, DATA = 2, 64  # interleaved; bytes
ALIGNMENT = 26  # coordinate of the centre of the alignment pattern
FORMAT_MASK = 0b101010000010010
MASKS: list[Callable[[int, int], int]] = [
    lambda y, x: (y + x) % 2,
    lambda y, _: y % 2,
    lambda _, x: x % 3,
    lambda y, x: (y + x) % 3,
    lambda y, x: (y // 2 + x // 3) % 2,
    lambda y, x: y * x % 2 + y * x % 3,
    lambda y, x: (y * x % 2 + y * x % 3) % 2,
    lambda y, x: ((y + x) % 2 + y * x % 3) % 2,
]


def read(svg: str) -> str:
    """Return the text of a code that is one byte-mode segment."""
    dark = _dark(svg)
    level_and_mask = sum(((8, x) in dark) << (14 - i) for i, x in enumerate((0, 1, 2, 3, 4))) ^ FORMAT_MASK
    mask = MASKS[level_and_mask >> 10 & 7]
    bits = [((y, x) in dark) ^ (mask(y, x) == 0) for y, x in _path()]
    found = [int("".join("01"[bit] for bit in bits[i : i + 8]), 2) for i in range(0, 8 * DATA, 8)]
    stream = "".join(f"{byte:08b}" for block in range(BLOCKS) for byte in found[block::BLOCKS])
    assert stream.startswith("0100"), "not in byte mode"
    length = int(stream[4:12], 2)
    return int(stream[12 : 12 + 8 * length], 2).to_bytes(length).decode()


def _dark(svg: str) -> set[tuple[int, int]]:
    """Return (y, x) of the dark modules. segno draws each row as `M x y`, then `h` for dark ones and `m` for a gap."""
    path = re.search(r'stroke="#000" d="([^"]+)"', svg)
    assert path, svg
    dark, x, y = set(), 0, 0.0
    for command, first, second in re.findall(r"([Mmh])(-?[\d.]+)(?: (-?[\d.]+))?", path[1]):
        if command == "h":
            dark |= {(int(y) - 4, column - 4) for column in range(x, x + int(first))}
            x += int(first)
        else:
            x, y = (int(first), float(second)) if command == "M" else (x + int(first), y + float(second))
    return dark


def _path() -> Iterator[tuple[int, int]]:
    """Yield the modules that hold data, in order: two columns at a time from the right, up and down in turn."""
    rights = [right if right > 6 else right - 1 for right in range(SIZE - 1, 0, -2)]
    for turn, right in enumerate(rights):
        for y in range(SIZE) if turn % 2 else reversed(range(SIZE)):
            yield from ((y, x) for x in (right, right - 1) if not _is_pattern(y, x))


def _is_pattern(y: int, x: int) -> bool:
    finder = (y < 9 and (x < 9 or x >= SIZE - 8)) or (y >= SIZE - 8 and x < 9)
    return finder or 6 in (y, x) or max(abs(y - ALIGNMENT), abs(x - ALIGNMENT)) <= 2
