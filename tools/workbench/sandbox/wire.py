"""How the processes of the sandbox talk: one JSON object a frame, followed by bytes whose lengths it names."""

import json
import os
import struct
from collections.abc import Mapping
from typing import Any

_SIZE = struct.Struct("=I")


def send(descriptor: int, header: Mapping[str, Any], *parts: bytes) -> None:
    """Writes a frame; `header` must not have the key `sizes`. Raises `OSError`, `BrokenPipeError` among them."""
    head = json.dumps({**header, "sizes": [len(part) for part in parts]}).encode()
    waiting = memoryview(b"".join((_SIZE.pack(len(head)), head, *parts)))
    while waiting:
        waiting = waiting[os.write(descriptor, waiting) :]


def receive_header(descriptor: int) -> dict[str, Any] | None:
    """The next frame's object, None at the end of the stream; its bytes are still to be read."""
    size = exactly(descriptor, _SIZE.size)
    head = None if size is None else exactly(descriptor, _SIZE.unpack(size)[0])
    if head is None:
        return None
    header = json.loads(head)
    assert isinstance(header, dict)
    return header


def receive(descriptor: int) -> tuple[dict[str, Any], list[bytes]] | None:
    """The next frame, None at the end of the stream."""
    header = receive_header(descriptor)
    if header is None:
        return None
    parts = [exactly(descriptor, size) for size in header["sizes"]]
    whole = [part for part in parts if part is not None]
    return (header, whole) if len(whole) == len(parts) else None


def exactly(descriptor: int, size: int) -> bytes | None:
    """So many bytes, None where the stream ends before."""
    pieces = []
    while size:
        piece = os.read(descriptor, min(size, 1 << 20))
        if not piece:
            return None
        pieces.append(piece)
        size -= len(piece)
    return b"".join(pieces)
