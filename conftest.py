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
