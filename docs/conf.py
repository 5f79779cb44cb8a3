"""How Sphinx builds this documentation; `nox -s docs` runs it."""

from importlib.metadata import version as installed_version

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
