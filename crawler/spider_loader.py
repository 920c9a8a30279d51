"""Which spiders there are, without importing them: most commands need none, and all of them name one.

Scrapy's own imports every spider at the start of every command, and with them all that reads pages.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

from scrapy import Request, Spider
from scrapy.spiderloader import SpiderLoader
from scrapy.utils.spider import iter_spider_classes

_List = list


class LazySpiderLoader(SpiderLoader):
    """Scrapy's loader; a spider is imported when it is asked for."""

    def _load_all_spiders(self) -> None:
        """Notes the module of every class that gives itself a name."""
        self._modules: dict[str, str] = {}
        for module in self.spider_modules:
            for path, name in _sources(module):
                for spider in _names(path.read_text(encoding="utf-8")):
                    self._modules.setdefault(spider, name)

    def load(self, spider_name: str) -> type[Spider]:
        """The class of a spider; KeyError where there is none of the name."""
        if spider_name not in self._spiders and spider_name in self._modules:
            for spider in iter_spider_classes(import_module(self._modules[spider_name])):
                self._spiders[spider.name] = spider
        return super().load(spider_name)

    def list(self) -> list[str]:
        """The names of all spiders."""
        return [*self._modules]

    def find_by_request(self, request: Request) -> _List[str]:
        """The names of the spiders that say that they handle the address."""
        return [name for name in self._modules if self.load(name).handles_request(request)]


def _names(source: str) -> Iterator[str]:
    """The values of `name` in the bodies of the classes of a module."""
    classes = (node for node in ast.parse(source).body if isinstance(node, ast.ClassDef))
    for line in (line for made in classes for line in made.body):
        targets = line.targets if isinstance(line, ast.Assign) else []
        targets = [line.target] if isinstance(line, ast.AnnAssign) else targets
        value = line.value if isinstance(line, ast.Assign | ast.AnnAssign) else None
        if isinstance(value, ast.Constant) and isinstance(value.value, str):
            yield from (value.value for one in targets if isinstance(one, ast.Name) and one.id == "name")


def _sources(module: str) -> _List[tuple[Path, str]]:
    """The source files of a module, or of a package's modules, with their names; ImportError for none."""
    spec = find_spec(module)
    if spec is None:
        raise ModuleNotFoundError(f"No module named {module!r}")
    if spec.submodule_search_locations is None:
        return [(Path(spec.origin or ""), module)]
    return [
        (path, f"{module}.{path.stem}")
        for folder in spec.submodule_search_locations
        for path in sorted(Path(folder).glob("*.py"))
    ]
