"""Printed labels made comparable: the one place that says when two labels are the same words.

Owns normalisation only; which labels exist is data (`pipelines/forms/*.toml`).
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

# Quotes differ between “三安全一稳定” as printed by Word, by WPS and by hand; none carries meaning.
_DROPPED = re.compile(r"[\s\u200b-\u200f\u2028-\u202f\u2060\ufeff\u00ad\"'“”‘’„「」『』*_]")
_ORDINAL = re.compile(
    r"^(?:"
    r"[(\[【〔][一二三四五六七八九十]{1,3}[)\]】〕][、.,:]?"  # （一）
    r"|[一二三四五六七八九十]{1,3}[、.,:．]"  # 一、
    r"|[(][0-9]{1,2}[)][、.]?"  # (1)
    r"|[0-9]{1,2}[、.)．,](?![0-9])"  # 1. 1、 1)
    r")"
)
_PUNCTUATION = re.compile(r"[、。，；：,;:.·・()\[\]【】〔〕《》<>/\\\-—–~～|]")
# NFKC makes ① a bare 1, which would be taken for a digit of the label.
_CIRCLED = {ord("①") + number: f"{number + 1}." for number in range(20)}
_HAN = re.compile("[\u3400-\u9fff\uf900-\ufaff]")
_VARIANTS = str.maketrans({"檔": "档", "︰": ":", "﹕": ":"})
# A search is a fraction of what translating costs, and few labels have what is translated.
_ANY_CIRCLED = re.compile("[①-⑳]")
_ANY_VARIANT = re.compile("[檔︰﹕]")


_WIDE = tuple((sign, unicodedata.normalize("NFKC", sign)) for sign in "，：；（）！？％")
"""What of Chinese prose is not in NFKC, as a rule, and what becomes of it."""


def in_nfkc(text: str) -> str:
    """The text in NFKC, as `unicodedata` has it, which is forty times as fast where nothing is to be done."""
    for sign, plain in _WIDE:
        text = text.replace(sign, plain)
    return unicodedata.normalize("NFKC", text)


def squashed(text: str) -> str:
    """The text in NFKC (Kangxi radicals, full-width forms) without white space and quotes."""
    if text.isascii() and text.isalnum():
        return text
    if _ANY_CIRCLED.search(text):
        text = text.translate(_CIRCLED)
    plain = _DROPPED.sub("", in_nfkc(text))
    return plain.translate(_VARIANTS) if _ANY_VARIANT.search(plain) else plain


def ordinal(text: str) -> str:
    """The leading ordinal of a label, `(三)`, `1.` or `一、` made plain as `三` or `1`, else ""."""
    found = _ORDINAL.match(squashed(text))
    return re.sub(r"[^一二三四五六七八九十0-9]", "", found.group()) if found else ""


@lru_cache(maxsize=8192)
def core(text: str) -> str:
    """The words of a label alone: squashed, without leading ordinals and punctuation."""
    words = squashed(text)
    while found := _ORDINAL.match(words):
        if found.end() == len(words):
            break
        words = words[found.end() :]
    return _PUNCTUATION.sub("", words)


def has_han(text: str) -> bool:
    """Whether the text holds a Chinese character."""
    return _HAN.search(text) is not None
