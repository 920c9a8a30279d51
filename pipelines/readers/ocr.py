"""The recognition engine: which text stands in a picture of a line, and where lines are on a page.

Owns the models (they come inside the wheel of rapidocr; nothing is fetched) and the decoding of
what they give. One thread, no arena: a reading process has its limits. Needs the extra `ocr`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import onnxruntime
import rapidocr
from numpy.typing import NDArray

from pipelines.readers.picture import Box, Grey, resized
from pipelines.readers.scan import FIGURES, Reading

_HEIGHT = 48
_BATCH = 8
_WIDEST = 3200
_DETECTION_DPI = 150
_MOST_PIXELS = 2_300_000
"""A page of A4 at the resolution of detection has 2.2 million."""

_OVERLAP = 160
"""Pixels at that resolution: lines of text and vertical heads of columns are lower."""

_EDGE = 3
_LEAST_SIDE = 736


# Where lines are --------------------------------------------------------------------------------


def lines(grey: Grey, per_point: float) -> list[Box]:
    """The boxes of lines of text on a page. A page larger than A4 is looked at in parts: what detection
    takes in memory grows with the area (600 MB for A4).
    """
    factor = min(1.0, _DETECTION_DPI / (72 * per_point))
    small = resized(grey, factor)
    height = small.shape[0]
    found: list[Box] = []
    for top, bottom in _parts(*small.shape):
        part = _padded(small[top:bottom])
        result = _detector()(
            cv2.cvtColor(part, cv2.COLOR_GRAY2BGR), use_det=True, use_cls=False, use_rec=False
        )
        for quad in () if result.boxes is None else result.boxes:
            x0, y0 = quad.min(axis=0)
            x1, y1 = quad.max(axis=0)
            if (top and y0 <= _EDGE) or (bottom < height and y1 >= bottom - top - _EDGE):
                continue  # a line that the part cuts stands whole in the next
            y0, y1 = y0 + top, y1 + top
            box = Box(*(int(at / factor) for at in (x0, y0)), *(math.ceil(at / factor) for at in (x1, y1)))
            if not any(_same(box, other) for other in found):
                found.append(box)
    return found


def _parts(height: int, width: int) -> Iterator[tuple[int, int]]:
    step = max(4 * _OVERLAP, _MOST_PIXELS // max(1, width))
    if height <= step:
        yield 0, height
        return
    for top in range(0, height - _OVERLAP, step - _OVERLAP):
        yield top, min(height, top + step)


def _padded(part: Grey) -> Grey:
    """A part with paper around it where it is so small that the engine would enlarge it."""
    down, right = (max(0, _LEAST_SIDE - side) for side in part.shape)
    if not (down or right):
        return part
    paper = int(np.median(part))
    return np.asarray(
        cv2.copyMakeBorder(part, 0, down, 0, right, cv2.BORDER_CONSTANT, value=[paper]), np.uint8
    )


def _same(box: Box, other: Box) -> bool:
    across = min(box.x1, other.x1) - max(box.x0, other.x0)
    down = min(box.y1, other.y1) - max(box.y0, other.y0)
    return across > 0.7 * min(box.width, other.width) and down > 0.7 * min(box.height, other.height)


@cache
def _detector() -> Callable[..., Any]:
    engine: Callable[..., Any] = rapidocr.RapidOCR(
        params={
            "Global.log_level": "error",
            "Global.max_side_len": 6000,
            "EngineConfig.onnxruntime.intra_op_num_threads": 1,
            "EngineConfig.onnxruntime.inter_op_num_threads": 1,
            "Det.model_path": str(_model("det")),
        }
    )
    return engine


# What they say ----------------------------------------------------------------------------------


def read(crops: Sequence[Grey]) -> list[Reading]:
    """What each picture of one line says, in the order given."""
    session, letters, allowed = _recogniser()
    name = session.get_inputs()[0].name
    pictures = [_normal(crop) for crop in crops]
    readings: dict[int, Reading] = {}
    order = sorted(range(len(crops)), key=lambda index: pictures[index].shape[2])
    for start in range(0, len(order), _BATCH):
        some = order[start : start + _BATCH]
        widest = max(pictures[index].shape[2] for index in some)
        batch = np.zeros((len(some), 3, _HEIGHT, math.ceil(widest / 32) * 32), np.float32)
        for row, index in enumerate(some):
            batch[row, :, :, : pictures[index].shape[2]] = pictures[index]
        for index, steps in zip(some, session.run(None, {name: batch})[0], strict=True):
            readings[index] = _decoded(steps, letters, allowed)
    return [readings[index] for index in range(len(crops))]


def _normal(crop: Grey) -> NDArray[np.float32]:
    height, width = crop.shape
    wide = min(_WIDEST, max(8, math.ceil(width * _HEIGHT / max(height, 1))))
    scaled = cv2.resize(crop, (wide, _HEIGHT), interpolation=cv2.INTER_CUBIC).astype(np.float32) / 127.5 - 1
    return np.repeat(scaled[np.newaxis], 3, axis=0)


def _decoded(steps: NDArray[np.float32], letters: Sequence[str], allowed: NDArray[np.intp]) -> Reading:
    text, chances = _path(steps.argmax(axis=1), steps.max(axis=1), letters)
    few = steps[:, allowed]
    figure, figure_chances = _path(allowed[few.argmax(axis=1)], few.max(axis=1), letters)
    return Reading(
        text,
        min(chances, default=0.0),
        sum(chances) / len(chances) if chances else 0.0,
        figure,
        min(figure_chances, default=0.0),
    )


def _path(
    places: NDArray[np.intp], chances: NDArray[np.float32], letters: Sequence[str]
) -> tuple[str, list[float]]:
    """A path of the network without repeats and blanks; a character counts with its best step."""
    text: list[str] = []
    best: list[float] = []
    last = 0
    for place, chance in zip(places.tolist(), chances.tolist(), strict=True):
        if place and place == last:
            best[-1] = max(best[-1], chance)
        elif place:
            text.append(letters[place])
            best.append(chance)
        last = place
    return "".join(text), best


@cache
def _recogniser() -> tuple[Any, list[str], NDArray[np.intp]]:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.enable_cpu_mem_arena = False
    options.log_severity_level = 4
    session = onnxruntime.InferenceSession(
        str(_model("rec")), sess_options=options, providers=["CPUExecutionProvider"]
    )
    known = session.get_modelmeta().custom_metadata_map["character"].splitlines()
    letters = ["", *known, " "]
    allowed = [0, *(place for place, letter in enumerate(letters) if letter and letter in FIGURES)]
    return session, letters, np.array(allowed, dtype=np.intp)


def _model(task: str) -> Path:
    """The model inside the installed package; FileNotFoundError where the package has none."""
    folder = Path(rapidocr.__file__).parent / "models"
    found = sorted(folder.glob(f"*_{task}_*.onnx"))
    if not found:
        raise FileNotFoundError(f"rapidocr has no model *_{task}_*.onnx in {folder}")
    return found[-1]
