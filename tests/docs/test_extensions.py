"""Tests of the extensions of the documentation site, without building it."""

import importlib
import re
import sys
import types
from pathlib import Path
from xml.etree import ElementTree

import pytest

import minmax_jax as mm
from minmax_jax import gan

DOCS = Path(__file__).parents[2] / "docs"
pytest.importorskip("latex2mathml", reason="needs the extra docs")
pytest.importorskip("sphinx", reason="needs the extra docs")
nodes = pytest.importorskip("docutils.nodes", reason="needs the extra docs")


@pytest.fixture(autouse=True, scope="module")
def on_path():
    sys.path.insert(0, str(DOCS / "_extensions"))
    yield
    sys.path.remove(str(DOCS / "_extensions"))


def load(name):
    return importlib.import_module(name)


@pytest.mark.parametrize(
    "line, latex",
    [
        ("z_{k+½} = z_k − γ F(z_k)", r"z_{k+{\tfrac{1}{2}}} = z_{k} - \gamma  F(z_{k})"),
        ("√(v̂ + eps_root) + eps", r"\sqrt{\hat{v} + \text{ eps_root }} + \text{ eps }"),
        ("(∇ᵧᵧf)⁻¹", r"(\nabla _{yy}f)^{-1}"),
        ("‖F‖²", r"\Vert  F\Vert  ^{2}"),
        ("max_{λ ≥ 0}", r"\max _{\lambda  \ge  0}"),
        ("i≠j", r"i\ne j"),
    ],
)  # fmt: skip
def test_to_latex_translates_unicode_formulas(line, latex):
    assert load("formulas").to_latex(line) == latex


@pytest.mark.parametrize(
    "line, expected",
    [
        ("    z⁺ = z − η F(z)", True),
        ("    y_{i+1} = y_i + Y(F_y(x, y_i))  # sample index 0", True),
        ("    max: opening     pass, bet", False),
        ('    function = jax.export.deserialize(Path("generator.jax"))', False),
        ("    wgan-gp      θψ − (strength/2)(|ψ| − target)²", False),
    ],
)
def test_is_formula_leaves_text_and_code_alone(line, expected):
    assert load("formulas").is_formula([line]) is expected


def test_to_mathml_keeps_remarks_and_is_valid_xml():
    html = load("formulas").to_mathml(["    z⁺ = z − F(z)   # a < b & c"])
    tree = ElementTree.fromstring(html)
    assert len(list(tree)) == 2 and "a < b & c" in "".join(tree.itertext())


def test_docstring_links_names_escapes_bars_and_keeps_examples():
    lines = ["Wraps `sgda`, see `text <https://a.b>`_ and |h| ≤ `|x|`.", "", "Examples:"]
    text = "\n".join(load("docstrings").prepare([*lines, "  >>> print('| a |')", "  | a |"]))
    assert ":py:obj:`sgda <minmax_jax.sgda>`" in text
    assert "`text <https://a.b>`__" in text
    assert r"\|h\| ≤ `|x|`" in text
    assert "\n  | a |" in text


def test_every_public_name_has_one_page_in_one_group():
    api = load("api_pages")
    names = [name for groups in api.pages().values() for group in groups for name in group.names]
    assert len(names) == len(set(names))
    for module in (mm, mm.games, mm.diagnostics, gan):
        assert {f"{module.__name__}.{name}" for name in api._objects(module)} <= set(names)
    families = [group.title for group in api.pages()["Optimizers"]]
    assert len(families) >= 10 and families[-1] == "By name"
    assert api.pages()["Optimizers"][-1].names == ("minmax_jax.optimizers",)


def test_write_replaces_changed_pages_and_removes_stale_ones(tmp_path):
    api = load("api_pages")
    api.write(tmp_path)
    page = tmp_path / "names" / "minmax_jax.sgda.rst"
    before = page.stat().st_mtime_ns
    (tmp_path / "names" / "minmax_jax.gone.rst").write_text("stale")
    api.write(tmp_path)
    assert page.stat().st_mtime_ns == before and "autofunction:: sgda" in page.read_text()
    assert not (tmp_path / "names" / "minmax_jax.gone.rst").exists()


@pytest.mark.parametrize(
    "text, source, expected",
    [
        ("[a](../CHANGELOG.md)", "docs/methods.md", "[a](repository/CHANGELOG.md)"),
        ("[a](docs/methods.md#x)", "CONTRIBUTING.md", "[a](../methods.md#x)"),
        ("[a](README.md)", "CONTRIBUTING.md", "[a](../index.md)"),
        (
            "![a](results/x.png)",
            "experiments/README.md",
            "![a](../../../experiments/results/x.png)",
        ),
        ("[a](../tests/cases.py)", "docs/methods.md", "[a](../tests/cases.py)"),
        ("[a](../tests)", "docs/methods.md", "a (`tests/`)"),
        ("[a](https://b.c)", "docs/methods.md", "[a](https://b.c)"),
        ("```\n[a](../tests)\n```", "docs/methods.md", "```\n[a](../tests)\n```"),
    ],
)
def test_links_of_the_repository_become_links_of_the_site(text, source, expected):
    assert load("repository_pages").with_site_links(text, source) == expected


def test_patterns_without_a_page_leave_the_table_of_contents():
    text = load("repository_pages").without_empty_patterns("methods*\nno_such_page*\nconcepts\n")
    assert text == "methods*\nconcepts\n"


def test_navigation_contains_every_page():
    listed = set(re.findall(r"^([\w/*]+)$", (DOCS / "index.md").read_text(), re.MULTILINE))
    patterns = {name.rstrip("*") for name in listed if name.endswith("*")}
    for path in DOCS.glob("*.md"):
        name = path.stem
        assert name == "index" or name in listed or any(map(name.startswith, patterns)), name


def test_latex_of_a_page_becomes_a_block_of_mathml():
    translator = types.SimpleNamespace(body=[])
    with pytest.raises(nodes.SkipNode):
        load("formulas")._render_block(translator, nodes.math_block("", r"\frac{1}{2}"))
    (text,) = translator.body
    assert text.startswith('<div class="formula"><math')
    assert "<mfrac>" in text and 'display="block"' in text
