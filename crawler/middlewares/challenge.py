"""Pages that are answered in place of what was asked for: challenges, soft 404s, empty bodies.

Owns telling them; the answer itself is in the archive by then. What is told here never reaches the
spider as a page. We do not evade a challenge: the portal is reported as blocked.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from scrapy.downloadermiddlewares.retry import get_retry_request
from scrapy.exceptions import IgnoreRequest

from crawler.addresses import is_start_page
from crawler.answered import content_type, page_of
from crawler.page import Page, compiled
from crawler.platforms import generic
from crawler.titles import folded

if TYPE_CHECKING:
    from scrapy import Request
    from scrapy.crawler import Crawler
    from scrapy.http import Response

CHALLENGES = (
    b"$_ts",
    b"__jsl_clearance",
    b"WZWS-RAY",
    b"WZWSREL",
    b"wzwschallenge",
    b"HWWAFSESID=",
    b"_waf_bd8ce2ce37",
    b"acw_sc__v2",
    b"yunsuo_session_verify",
    "网站防火墙".encode(),
    "网站防火墙".encode("gb18030"),
    "您的访问请求可能对网站造成安全威胁".encode(),
    "请开启JavaScript并刷新该页".encode(),
    b"Just a moment...",
    b"/cdn-cgi/challenge-platform/",
)
"""Bytes that firewalls put into the page they answer with."""

_SMALL = 8192
# A challenge is a short program; a long page that holds one of the marks is a page about something.
_LARGEST_CHALLENGE = 65536
_MISSING = (
    *(
        "页面不存在",
        "访问的页面不存在",
        "您要查看的页面",
        "页面找不到",
        "找不到页面",
        "页面未找到",
        "找不到该页",
    ),
    *("无法找到该页", "无法找到页面", "您访问的页面找不到", "页面已删除", "信息不存在", "文章不存在"),
    *("该信息已被删除", "内容不存在", "错误页面", "页面出错", "页面走丢", "404notfound", "404错误"),
)
"""What portals say on a page that they answer with status 200 where there is none; folded text."""

_BUSY = (
    *(
        "系统繁忙",
        "系统忙",
        "服务器繁忙",
        "服务器忙",
        "服务繁忙",
        "网络繁忙",
        "系统维护",
        "系统正在维护",
        "系统升级",
    ),
    *(
        "系统正在升级",
        "网站维护",
        "网站正在维护",
        "网站升级",
        "网站正在升级",
        "正在维护",
        "升级维护",
        "维护中",
        "升级中",
    ),
    *(
        "访问过于频繁",
        "访问频繁",
        "访问太频繁",
        "请求过于频繁",
        "操作过于频繁",
        "访问次数过多",
        "访问量过大",
        "频率过高",
    ),
    *(
        "请稍后再试",
        "请稍候再试",
        "请稍后重试",
        "请稍后访问",
        "请稍候访问",
        "稍后再访问",
        "暂停服务",
        "暂时无法访问",
        "暂停访问",
    ),
    *(
        "系统异常",
        "系统错误",
        "服务器内部错误",
        "数据库连接失败",
        "数据库错误",
        "toomanyrequests",
        "serviceunavailable",
    ),
)
"""What portals say with status 200 while they cannot answer; folded text outside of links."""

_CAPTCHA = (
    *("请输入验证码", "输入图中", "安全验证", "访问验证", "人机验证", "滑动验证", "拖动滑块", "请完成验证"),
    *("点击验证", "验证您是真人", "verifyyouarehuman", "areyouarobot"),
)
"""What portals say with status 200 to who they take for a robot; folded text outside of links."""

_MOST_BUSY_TEXT = 200
"""Characters of a page that says nothing else; a form below an article has the same words."""


_SAID = compiled("//text()[not(ancestor::a or ancestor::script or ancestor::style)]")


class RefusedPage(IgnoreRequest):
    """An answer that is not what was asked for; `code` is the problem's code."""

    def __init__(self, code: str, response: Response, detail: str) -> None:
        super().__init__(detail)
        self.code = code
        self.response = response


def fault(page: Page, kind: str, status: int, role: str, asked: str) -> tuple[str, str] | None:
    """The problem's code and detail where an answer is not what was asked for, or None.

    `page` is the answer, whatever it is, and `kind` what its headers call it; `asked` is the address
    before redirects, `role` why it was asked for.
    """
    body, got = page.body, page.url
    markup = "html" in kind or body[:512].lstrip().startswith(b"<")
    if markup and len(body) <= _LARGEST_CHALLENGE:
        mark = next((mark for mark in CHALLENGES if mark in body), None)
        if mark is not None and (status != 200 or not generic.marks(folded(page.html)) >= 2):
            return "challenge_page", f"status {status}, a firewall's page instead of the portal's"
    if not 200 <= status < 300 or role == "robots":
        return None
    if not body.strip():
        return "empty_body", "the answer has no body"
    if role == "attachment" and markup and _promises_file(asked):
        busy = _busy(page) if len(body) <= _SMALL else None
        return busy or ("wrong_type", "a web page was answered where a document was asked for")
    if role != "home" and is_start_page(got) and not is_start_page(asked):
        return "soft_404", f"sent on to the start page {got}"
    if markup and len(body) <= _SMALL:
        text = folded(page.text).lower()
        mark_text = next((words for words in _MISSING if words in text), None)
        if mark_text is not None and generic.marks(text) < 2 and len(text) < 600:
            return "soft_404", f"status 200, but the page says {mark_text}"
        return _busy(page)
    return None


def _busy(page: Page) -> tuple[str, str] | None:
    """The code and detail of a page that says nothing but to come later or to prove oneself, or None."""
    if len(page.links) > 4:
        return None
    text = folded("".join(_SAID(page.tree))).lower()
    if len(text) > _MOST_BUSY_TEXT or generic.marks(text):
        return None
    for code, marks in (("challenge_page", _CAPTCHA), ("busy_page", _BUSY)):
        mark = next((words for words in marks if words in text), None)
        if mark is not None:
            return code, f"status 200, but the page says {mark}"
    return None


def _promises_file(url: str) -> bool:
    """Whether an address itself ends as a file's. One that only names a file in a parameter may be that
    of a page which shows it: the spider looks what it points at.
    """
    return generic.document_ending(urlsplit(url).path) in generic.DOCUMENT_ENDINGS | generic.IMAGE_ENDINGS


class ChallengeMiddleware:
    """Turns answers that are not what was asked for into failures; who is busy is asked again first."""

    def __init__(self, crawler: Crawler) -> None:
        self.crawler = crawler

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> ChallengeMiddleware:
        return cls(crawler)

    def process_response(self, request: Request, response: Response) -> Request | Response:
        """Passes an answer on, asks again, or raises RefusedPage."""
        asked = (request.meta.get("redirect_urls") or [request.url])[0]
        role = str(request.meta.get("role"))
        found = fault(page_of(response), content_type(response), response.status, role, asked)
        if found is None:
            return response
        again = None
        spider = self.crawler.spider
        if found[0] == "busy_page" and spider is not None and not request.meta.get("dont_retry"):
            again = get_retry_request(request, spider=spider, reason=found[0])
        if again is None:
            raise RefusedPage(found[0], response, found[1])
        return again
