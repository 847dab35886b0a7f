"""Two pictures -> how equal they are, by pixels; two SVG or PDF files by what they draw."""

from __future__ import annotations

import io
import re
import struct
import zlib

from mm_jupyter.analysis.comparing.matching import CHANNEL, SAME, Match

_PIXELS = frozenset(
    {b"IHDR", b"PLTE", b"tRNS", b"gAMA", b"sRGB", b"cHRM", b"iCCP", b"acTL", b"fcTL"}
)
_LARGEST = 1 << 30
_METADATA = "picture metadata"
_PDF_DATES = re.compile(
    rb"/(CreationDate|ModDate|Producer|Creator) ?\((?:[^()\\]|\\.)*\)|/ID ?\[[^\]]*\]"
)


def match_pictures(recorded: bytes, replayed: bytes) -> Match:
    """Compare two pictures (PNG, JPEG, GIF, WebP, ...).

    Identical: every pixel is; texts and times in the file are no pixels. Equivalent: no channel of any pixel differs by
    more than ``CHANNEL`` of 255.
    """
    if recorded == replayed:
        return SAME
    mine, theirs = png_pixels(recorded), png_pixels(replayed)
    if mine is not None and mine == theirs:
        return Match("identical", _METADATA)
    try:
        return _by_pixels(recorded, replayed)
    except Exception as error:  # noqa: BLE001 - a decoder of pictures may raise anything
        return Match(
            "diverged",
            None,
            f"the files differ and cannot be compared by pixels ({type(error).__name__})",
        )


def png_pixels(data: bytes) -> bytes | None:
    """Everything in a PNG that makes a pixel: header, palette, transparency, colour space, unpacked image data.

    None where the bytes are no whole PNG or unpack to more than 1 GiB.
    """
    if data[:8] != b"\x89PNG\r\n\x1a\n":
        return None
    place, kept, image = 8, [], []
    while place + 12 <= len(data):
        size, kind = struct.unpack(">I4s", data[place : place + 8])
        body = data[place + 8 : place + 8 + size]
        place += 12 + size
        if kind == b"IDAT":
            image.append(body)
        elif kind in _PIXELS:
            kept.append(kind + body)
        elif kind == b"fdAT":
            return None
    unpack = zlib.decompressobj()
    try:
        pixels = unpack.decompress(b"".join(image), _LARGEST)
    except zlib.error:
        return None
    return b"".join(kept) + pixels if unpack.eof else None


def _by_pixels(recorded: bytes, replayed: bytes) -> Match:
    from PIL import Image, ImageChops

    with Image.open(io.BytesIO(recorded)) as first, Image.open(io.BytesIO(replayed)) as second:
        if first.size != second.size:
            return Match("diverged", None, f"{_size(first.size)} pixels, then {_size(second.size)}")
        frames = getattr(first, "n_frames", 1), getattr(second, "n_frames", 1)
        if frames[0] != frames[1]:
            return Match("diverged", None, f"{frames[0]:,} frames, then {frames[1]:,}")
        largest = differing = 0
        for frame in range(frames[0]):
            first.seek(frame)
            second.seek(frame)
            difference = ImageChops.difference(first.convert("RGBA"), second.convert("RGBA"))
            largest = max(largest, *(high for _, high in difference.getextrema()))  # type: ignore[misc]
            differing += _differing(difference)
        total = first.size[0] * first.size[1] * frames[0]
    if not differing:
        return Match("identical", _METADATA)
    why = f"{differing:,} of {total:,} pixels differ, by {largest} of 255 at most"
    return Match("equivalent" if largest <= CHANNEL else "diverged", None, why)


def _differing(difference: object) -> int:
    """Pixels of which any channel differs."""
    from PIL import Image, ImageChops

    assert isinstance(difference, Image.Image)
    channels = difference.split()
    most = channels[0]
    for channel in channels[1:]:
        most = ImageChops.lighter(most, channel)
    return sum(most.histogram()[1:])


def _size(size: tuple[int, int]) -> str:
    return f"{size[0]:,} x {size[1]:,}"


def match_pdfs(recorded: bytes, replayed: bytes) -> Match:
    """Compare two PDF files: equal but for dates, identifiers and the program that wrote them, or not."""
    if recorded == replayed:
        return SAME
    if _PDF_DATES.sub(b"", recorded) == _PDF_DATES.sub(b"", replayed):
        return Match("identical", "dates in PDF")
    return Match(
        "diverged", None, f"the files differ ({len(recorded):,} bytes, then {len(replayed):,})"
    )
