"""How Sphinx builds this documentation; `nox -s docs` runs it."""

import re
import sys
from enum import Enum
from importlib.metadata import version as installed_version
from pathlib import Path
from typing import Any

import attrs
from sphinx.application import Sphinx

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

from tables import filled, markers  # noqa: E402 (found by the line above)

project = "bingx_async"
author = "bingx_async contributors"
copyright = "2026, bingx_async contributors"
release = version = installed_version("bingx-async")

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.viewcode"]
exclude_patterns = ["_build"]
myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3

# attrs writes the signature of a class from its fields: shown once, at the class, in source order.
autodoc_class_signature = "mixed"
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_typehints_format = "short"
autodoc_preserve_defaults = True
python_use_unqualified_type_names = True
maximum_signature_line_length = 90

html_theme = "furo"
html_title = f"bingx_async {release}"


# Classes that a program gets from a method and does not make itself.
MADE = re.compile(r"bingx_async\.(account|core\.catalogue|emulator\.server|runtime|spot)\.(?!CallOptions)")


def setup(app: Sphinx) -> None:
    """Write the tables of docs/tables.py into the pages that ask for them, anew in every build."""
    app.connect("source-read", fill)
    app.connect("env-get-outdated", pages_with_tables)
    app.connect("autodoc-process-signature", signature_of)


def signature_of(
    _app: Sphinx, what: str, name: str, found: Any, _options: object, signature: str | None, returns: str | None
) -> tuple[str | None, str | None]:
    """The arguments of a class are shown where programs make it, with their defaults as a program would write them."""
    if what == "class" and MADE.match(name):
        return "", returns

    def default(place: re.Match[str]) -> str:
        value = attrs.fields_dict(found)[place[1]].default
        if isinstance(value, Enum):
            return f"{type(value).__name__}({value.value!r})"
        return "..." if isinstance(value, attrs.Factory) else repr(value)  # type: ignore[arg-type]

    return re.sub(r"attr_dict\['(\w+)'\]\.default", default, signature or "") or signature, returns


def fill(_app: Sphinx, _page: str, content: list[str]) -> None:
    """Put the tables of one page in their places."""
    content[0] = filled(content[0])


def pages_with_tables(*_: object) -> list[str]:
    """The pages to read again although their own text has not changed: the code may have."""
    return [page.stem for page in HERE.glob("*.md") if markers(page.read_text("utf-8"))]
