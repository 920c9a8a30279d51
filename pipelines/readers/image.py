"""Pictures (JPEG, PNG, GIF, BMP, TIFF, WebP) → Content, by OCR; every frame of a TIFF is a page.

Owns the decoding of picture files and how large a page they show. Needs the extra `ocr`.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from io import BytesIO
from typing import TYPE_CHECKING

from pipelines.content import Content
from pipelines.readers import UnreadableDocumentError, media_type, scan
from pipelines.readers.drawn import MOST_PAGES, content_of
from pipelines.readers.ruled import Page

if TYPE_CHECKING:
    from PIL.Image import Image

    from pipelines.readers.picture import Grey

MOST_PIXELS = 60_000_000
"""A page of A3 at 400 dpi has 31 million; decoding takes up to four bytes for each."""

_SHORT_SIDE = 595.0
"""Points: a picture that does not say how large it is shows a page as wide as A4."""

_FLAT = 1.5
"""A picture so much wider than high is no page that lies on its side but part of one, a table."""

_NARROWEST, _WIDEST = 380.0, 1700.0
"""Points: the sides that a page can have; a resolution that gives others (72 dpi in a photograph) is none."""

_LEAST_SIDE = 40


def read(body: bytes, url: str | None = None) -> Content:
    """The content of a picture; raises UnreadableDocumentError where it is damaged, too large, or scans
    cannot be read here.
    """
    return content_of(pages(body), media_type(body), url)


def pages(body: bytes, *, width: float | None = None) -> list[Page]:
    """The pages of a picture file, `width` points wide where that is known; raises as `read` does. Of a
    file of many pages those that were not recognised in time say so.
    """
    scan.require()
    found: list[Page] = []
    for number, (grey, per_point) in enumerate(_frames(body), 1):
        scale = grey.shape[1] / width if width else per_point
        try:
            found.append(scan.scanned_page(grey, number, scale))
        except UnreadableDocumentError as error:
            size = grey.shape[1] / scale, grey.shape[0] / scale
            found.append(Page(number, *size, pictured=True, unread=str(error), code=error.code))
    if not found:
        raise UnreadableDocumentError("scan_not_read", "the picture is too small to show a page")
    return found


def upright(body: bytes, number: int) -> tuple[Grey, float] | None:
    """One page of a picture file as it is read, upright and straight, and its pixels a point; None where
    the file has no such page. Raises as `read` does.
    """
    scan.require()
    for count, (grey, per_point) in enumerate(_frames(body), 1):
        if count == number:
            return scan.upright(grey, per_point)
    return None


def _frames(body: bytes) -> Iterator[tuple[Grey, float]]:
    """The pages of a picture file in grey, each with its pixels a point."""
    import numpy as np  # noqa: PLC0415 needs the extra
    from PIL import Image, ImageSequence, UnidentifiedImageError  # noqa: PLC0415 needs the extra

    Image.MAX_IMAGE_PIXELS = None  # the limit is ours, and it raises
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            picture = Image.open(BytesIO(body))
            frames = getattr(picture, "n_frames", 1)
            if frames > MOST_PAGES:
                raise UnreadableDocumentError("too_many_pages", f"{frames} pictures in one file")
            pages = picture.format in ("TIFF", "MPO")
            for frame in ImageSequence.Iterator(picture):
                if frame.width * frame.height > MOST_PIXELS:
                    raise UnreadableDocumentError(
                        "image_too_large", f"the picture has {frame.width} × {frame.height} pixels"
                    )
                if min(frame.size) >= _LEAST_SIDE:
                    per_point = _per_point(frame)
                    yield np.asarray(_grey(frame), dtype=np.uint8), per_point
                if not pages:
                    break  # an animation shows one picture after the other, not page after page
    except UnidentifiedImageError as error:  # its words hold the address of an object
        reason = "the picture is damaged: it begins as no picture does"
        raise UnreadableDocumentError("damaged_document", reason) from error
    except (OSError, SyntaxError, ValueError, EOFError, KeyError) as error:
        raise UnreadableDocumentError("damaged_document", f"the picture is damaged: {error}") from error


def _grey(frame: Image) -> Image:
    """The picture upright, in grey, what is transparent as paper."""
    import numpy as np  # noqa: PLC0415 needs the extra
    from PIL import Image, ImageOps  # noqa: PLC0415 needs the extra

    turned = ImageOps.exif_transpose(frame)
    if turned.mode.startswith("I") or turned.mode == "F":
        levels = np.asarray(turned, dtype=np.float64)
        return Image.fromarray((levels * (255 / max(float(levels.max()), 1.0))).clip(0, 255).astype(np.uint8))
    if "A" in turned.getbands() or "transparency" in turned.info:
        paper = Image.new("RGBA", turned.size, "white")
        paper.alpha_composite(turned.convert("RGBA"))
        return paper.convert("L")
    return turned.convert("L")


def _per_point(frame: Image) -> float:
    """Pixels a point: what the file says where that gives a page, else as if the page were as wide as A4."""
    stated = frame.info.get("dpi")
    dots = float(stated[0]) if stated and stated[0] else 0.0
    if dots > 0:
        sides = [side / dots * 72 for side in frame.size]
        if min(sides) >= _NARROWEST and max(sides) <= _WIDEST:
            return dots / 72
    return (frame.width if frame.width > _FLAT * frame.height else min(frame.size)) / _SHORT_SIDE
