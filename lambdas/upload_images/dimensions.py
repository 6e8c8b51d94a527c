"""Width and height from an image's header; the pixels are not decoded."""

from __future__ import annotations

import struct
from collections.abc import Callable

# The JPEG markers that begin a frame: all of C0 to CF but the three that define tables.
_FRAMES = set(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}


class HeaderError(ValueError):
    """Bytes that are not the image they begin as."""


def png(data: bytes) -> tuple[int, int]:
    if data[12:16] != b"IHDR" or len(data) < 24:
        raise HeaderError("a PNG without its header chunk")
    width, height = struct.unpack_from(">II", data, 16)
    return width, height


def jpeg(data: bytes) -> tuple[int, int]:
    at = 2
    while at + 9 <= len(data) and data[at] == 0xFF:
        marker, length = struct.unpack_from(">xBH", data, at)
        if marker in _FRAMES:
            height, width = struct.unpack_from(">HH", data, at + 5)
            return width, height
        at += 2 + length
    raise HeaderError("a JPEG without a frame")


DIMENSIONS: dict[str, Callable[[bytes], tuple[int, int]]] = {"png": png, "jpeg": jpeg}
