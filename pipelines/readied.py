"""Imported by the server from which reading processes are forked: it reads one short report, so that what
every report needs (words, forms, the names of all places) is loaded once and shared by all of them, and
lets them keep the memory that one document took for the next.
"""

from __future__ import annotations

import gc
from contextlib import suppress

from pipelines.extract import read_file

_PAGE = """
<html><head><title>北京市人民政府2022年政府信息公开工作年度报告</title></head><body><div id="zoom">
<p>北京市人民政府2022年政府信息公开工作年度报告</p>
<p>一、总体情况</p><p>2022年收到政府信息公开申请1件，主动公开政府信息1条。</p>
<p>二、主动公开政府信息情况</p>
<table><tr><td>第二十条第（一）项</td></tr>
<tr><td>信息内容</td><td>本年制发件数</td><td>本年废止件数</td><td>现行有效件数</td></tr>
<tr><td>规章</td><td>1</td><td>0</td><td>1</td></tr>
<tr><td>行政规范性文件</td><td>1</td><td>0</td><td>1</td></tr></table>
<p>三、收到和处理政府信息公开申请情况</p><p>四、政府信息公开行政复议、行政诉讼情况</p>
<p>五、存在的主要问题及改进情况</p><p>六、其他需要报告的事项</p>
</div></body></html>
"""

# A process that cannot be made ready here says why with its first document.
with suppress(Exception):
    read_file(_PAGE.encode(), "http://www.beijing.gov.cn/1.html")

# The C library gives freed memory back to the system page by page, and asks for it again: half of what it
# takes to parse the text of a Word file. After a block of this size (never filled) was freed it keeps up
# to twice as much; processes that are forked inherit that.
bytes(24 * 1024 * 1024)

# What all processes share is looked at by the collector of none of them.
gc.collect()
gc.freeze()
