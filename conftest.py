"""Runs the Python examples of the README and the documentation as tests.

The blocks of one page share their names, top to bottom, as a reader would type them. A block may `await` at
its top level; each such block runs in an event loop of its own, so an open client cannot pass to the next.
`<!-- skip: next "reason" -->` in front of a block leaves it out.
"""

import ast
import asyncio
import builtins
import inspect
import types
from typing import Any

import pytest
from sybil import Example, Sybil
from sybil.evaluators.python import pad
from sybil.parsers.myst import CodeBlockParser, SkipParser


def run_block(example: Example) -> None:
    """Run one block of Python in the page's namespace, in an event loop if it awaits."""
    # The padding makes the line numbers of a traceback those of the page.
    source = pad(example.parsed, example.line + example.parsed.line_offset)
    code = compile(source, example.path, "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True)
    example.namespace.setdefault("__builtins__", builtins)
    block = types.FunctionType(code, example.namespace)
    if code.co_flags & inspect.CO_COROUTINE:
        asyncio.run(block())
    else:
        block()


pytest_collect_file = Sybil(
    parsers=[CodeBlockParser("python", run_block), SkipParser()],
    patterns=["README.md", "docs/*.md"],
).pytest()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Where pytest-xdist spreads the tests over processes, the blocks of one page stay together and in order."""
    from xdist.scheduler.loadscope import LoadScopeScheduling

    class PageByPage(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            page = nodeid.partition("::")[0]
            return page if page.endswith(".md") else nodeid

    return PageByPage(config, log)
