"""Configuration of the documentation site: `make docs` builds it."""

import os
import sys
from pathlib import Path

import minmax_jax

DOCS = Path(__file__).parent
sys.path.insert(0, str(DOCS / "_extensions"))
# Notebooks and docstrings are evaluated on a CPU, so that their numbers do not depend on the
# machine that builds the site.
os.environ.setdefault("JAX_PLATFORMS", "cpu")

project = "minmax_jax"
author = "The minmax_jax developers"
copyright = "2026, the minmax_jax developers"
version = release = minmax_jax.__version__

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.napoleon",
    "myst_nb",
    "formulas",
    "docstrings",
    "api_pages",
    "repository_pages",
]
exclude_patterns = ["_build", "_extensions"]
source_suffix = {".md": "myst-nb", ".rst": "restructuredtext"}
smartquotes_action = "D"  # Sphinx writes two hyphens for a dash in lists of parameters

# Docstrings.
default_role = "code"  # single backticks are code, as in Markdown
autosummary_generate = False  # `api_pages` writes one page per public name
autodoc_typehints = "signature"
autodoc_member_order = "bysource"
autodoc_inherit_docstrings = False
napoleon_numpy_docstring = False
napoleon_use_rtype = False
napoleon_use_ivar = True  # attributes are a list, not entries of the index
add_module_names = False
python_maximum_signature_line_length = 88
nitpicky = True
# Annotations name types of other libraries and private modules, which have no page here. The links
# that `docstrings` makes are objects (`py:obj`), so that a broken one is still an error.
nitpick_ignore_regex = [("py:(class|data|meth|attr|func|exc)", ".*")]

# Pages.
myst_enable_extensions = ["dollarmath"]
html_math_renderer = "mathml"  # of the extension `formulas`; needs no script
myst_heading_anchors = 4  # `page.md#heading`, as on GitHub
myst_links_external_new_tab = False
nb_execution_mode = "cache"
nb_execution_cache_path = str(DOCS / "_build" / "notebooks")
nb_execution_raise_on_error = True
nb_execution_timeout = 600  # seconds per cell: tutorials take up to three minutes on two cores
# Without network and without a copy of MNIST, notebooks that read it are shown without output.
if os.environ.get("HF_HUB_OFFLINE") and not os.environ.get("MNIST"):
    nb_execution_excludepatterns = [
        f"tutorials/{path.name}"
        for path in sorted(DOCS.glob("tutorials/*.md"))
        if 'environ.get("MNIST"' in path.read_text()
    ]
nb_merge_streams = True
nb_output_stderr = "remove"
# Notebooks that are not executed (`make docs-check`) do not know their language.
suppress_warnings = ["myst-nb.lexer"]

html_theme = "furo"
html_title = f"minmax_jax {release}"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_favicon = "_static/icon.svg"
html_copy_source = False
html_show_sphinx = False
