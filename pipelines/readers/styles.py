"""What the `style` of an element says of the text in it, as flags.

Owns the patterns. A page repeats few styles in thousands of elements, so each is looked at once.
"""

from __future__ import annotations

import re
from functools import lru_cache

HIDDEN = 1
"""Not shown, and nothing in it either."""
INVISIBLE = 2
"""Not to be seen; a part of it can be (`REVIVED`)."""
REVIVED = 4
STRUCK = 8
LEVEL = 16
"""Above or below the line, as the mark of a note."""
SET_AS_BLOCK = 32
SET_APART = 64
KEEPS_LINES = 128
COLOURED = 256
WHITE = 512
GROUND = 1024
"""Has a background of its own."""

VEIL = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)
STRIKE = re.compile(r"text-decoration(?:-line)?\s*:[^;]*line-through", re.IGNORECASE)
RAISE = re.compile(
    r"vertical-align\s*:\s*(?:super|sub)\b|mso-text-raise\s*:\s*-?(?!0+(?:\.0+)?pt)\d", re.IGNORECASE
)

_PATTERNS = (
    (HIDDEN, re.compile(r"display\s*:\s*none|mso-hide\s*:\s*all", re.IGNORECASE)),
    (
        INVISIBLE,
        re.compile(
            r"visibility\s*:\s*(?:hidden|collapse)|font-size\s*:\s*0(?:\.0+)?(?:px|pt|em|rem|%)?\s*(?:;|!|$)|opacity\s*:\s*0(?:\.0+)?\s*(?:;|!|$)"
            r"|(?<![\w-])color\s*:\s*(?:transparent\b|rgba\([^)]*,\s*0(?:\.0+)?\s*\))"
            r"|(?<![\w-])(?:text-indent|left|top)\s*:\s*-\d{3,}(?:\.\d+)?(?:px|pt|em)",
            re.IGNORECASE,
        ),
    ),
    (
        REVIVED,
        re.compile(
            r"visibility\s*:\s*visible|font-size\s*:\s*(?!0+(?:\.0+)?(?:px|pt|em|rem|%)?\s*(?:;|!|$))",
            re.IGNORECASE,
        ),
    ),
    (STRUCK, STRIKE),
    (LEVEL, RAISE),
    (SET_AS_BLOCK, re.compile(r"display\s*:\s*(?:block|flex|grid|table|list-item)\b", re.IGNORECASE)),
    (SET_APART, re.compile(r"(?:margin|padding)(?:-left|-right)?\s*:[^;]*[1-9]", re.IGNORECASE)),
    (KEEPS_LINES, re.compile(r"white-space\s*:\s*(?:pre|break-spaces)", re.IGNORECASE)),
    (COLOURED, re.compile(r"(?<![\w-])color\s*:", re.IGNORECASE)),
    (
        WHITE,
        re.compile(
            r"(?<![\w-])color\s*:\s*(?:#fff(?:fff)?\b|white\b|rgb\(\s*255\s*,\s*255\s*,\s*255\s*\))",
            re.IGNORECASE,
        ),
    ),
    (GROUND, re.compile("background", re.IGNORECASE)),
)
_LONG = 500
"""Characters; a style that holds a picture is not kept."""


def said(style: str) -> int:
    """The flags that hold for an element with this style; 0 for none."""
    return _kept(style) if len(style) < _LONG else _flags(style)


def _flags(style: str) -> int:
    return sum(flag for flag, pattern in _PATTERNS if pattern.search(style))


_kept = lru_cache(maxsize=4096)(_flags)
