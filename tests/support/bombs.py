"""Answers that are much larger than they look, and answers that never end."""

from __future__ import annotations

import asyncio
import struct
import sys
import zlib
from collections.abc import Awaitable, Callable

import brotli
from aiohttp import web

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

MIB = 1 << 20
_BLOCK = b"\0" * (16 * MIB)


def deflated(mib: int, head: bytes = b"") -> bytes:
    """A raw deflate stream of *head* and so many MiB of zeros (a multiple of 16)."""
    packer = zlib.compressobj(9, wbits=-15)
    first = packer.compress(head) + packer.flush(zlib.Z_FULL_FLUSH)
    # Behind a full flush each block is packed as if it were the first: one is enough.
    block = packer.compress(_BLOCK) + packer.flush(zlib.Z_FULL_FLUSH)
    return first + block * (mib // 16) + packer.flush(zlib.Z_FINISH)


def gzipped(mib: int, head: bytes = b"") -> bytes:
    """The same as gzip; its checksum is wrong, which shows at the end alone."""
    return b"\x1f\x8b\x08\0\0\0\0\0\0\xff" + deflated(mib, head) + struct.pack("<II", 0, mib * MIB % 2**32)


def brotlied(mib: int) -> bytes:
    """So many MiB of zeros, as brotli."""
    packer = brotli.Compressor(quality=1)
    packed: bytes = b"".join(packer.process(_BLOCK) for _ in range(mib // 16)) + packer.finish()
    return packed


def zstandard(mib: int) -> bytes:
    """So many MiB of zeros, as Zstandard."""
    packer = zstd.ZstdCompressor(level=1)
    packed: bytes = b"".join(packer.compress(_BLOCK) for _ in range(mib // 16)) + packer.flush()
    return packed


def encoded(body: bytes, encoding: str) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    """A page with this ``Content-Encoding``."""

    async def answer(request: web.Request) -> web.StreamResponse:
        return web.Response(body=body, headers={"Content-Type": "text/html", "Content-Encoding": encoding})

    return answer


async def endless(request: web.Request) -> web.StreamResponse:
    """A page without a length that goes on as long as someone reads."""
    stream = web.StreamResponse(headers={"Content-Type": "text/html"})
    await stream.prepare(request)
    while request.transport is not None and not request.transport.is_closing():
        await stream.write(b"<p>on and on" * 10_000)
        await asyncio.sleep(0)
    return stream
