"""Renders the formulas of docstrings and pages as MathML.

Docstrings contain formulas such as `z_{k+½} = z_k − γ F(z_k)`, which can be read in a terminal.
This extension translates them to LaTeX, and latex2mathml translates that to MathML, which browsers
show without any script. Pages contain LaTeX between dollars.
"""

import html
import re
import unicodedata
from typing import Any

from docutils import nodes
from docutils.parsers.rst import Directive
from latex2mathml.converter import convert

SUPERSCRIPTS = dict(zip("⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻ᵀ", "0123456789+-T", strict=True))
SUBSCRIPTS = dict(zip("₀₁₂₃₄₅₆₇₈₉ₓᵧᵢⱼₖ", "0123456789xyijk", strict=True))
ACCENTS = {"\u0304": r"\bar", "\u0302": r"\hat", "\u0303": r"\tilde"}
GREEK = {
    "α": "alpha", "β": "beta", "γ": "gamma", "δ": "delta", "ε": "varepsilon", "ζ": "zeta",
    "η": "eta", "θ": "theta", "κ": "kappa", "λ": "lambda", "μ": "mu", "ν": "nu", "ξ": "xi",
    "π": "pi", "ρ": "rho", "σ": "sigma", "τ": "tau", "φ": "varphi", "ϕ": "phi", "ψ": "psi",
    "ω": "omega", "Δ": "Delta", "Σ": "sum", "∇": "nabla", "∂": "partial", "‖": "Vert ",
    "⟨": "langle", "⟩": "rangle", "·": "cdot", "≥": "ge", "≤": "le", "∝": "propto",
    "←": "leftarrow", "∈": "in", "≠": "ne", "±": "pm", "×": "times", "∞": "infty",
    "…": "dots", "°": "circ",
}  # fmt: skip
FUNCTIONS = {"max", "min", "exp", "cos", "sin", "log"}
WORDS = {"for", "if", "with", "while", "until", "or", "and", "sign", "Re", "weight", "growth"}
WORDS |= {"increment", "eps", "old", "is", "a", "of", "the", "by", "default", "gradient", "divides"}
WORDS |= {"multiple", "eps-root", "max-penalty"}
OPTIONS = ("eps_root", "max_penalty")  # names of arguments, whose second part is not an index
TOKEN = re.compile(r"eps-root|max-penalty|[A-Za-z]+|\d+(?:\.\d+)?|\s+|.", re.DOTALL)


def is_formula(block: list[str]) -> bool:
    """Returns whether all lines of an indented block can be translated to LaTeX."""
    lines = [_split(line)[0] for line in block if line.strip()]
    return bool(lines) and all(_is_line(line) for line in lines)


def to_latex(line: str) -> str:
    """Translates one line of a formula."""
    text = re.sub("[^≠]", lambda m: unicodedata.normalize("NFD", m[0]), line.strip())
    for name in OPTIONS:
        text = text.replace(name, name.replace("_", "-"))
    text = re.sub("(\\w)([\u0302\u0303\u0304])", lambda m: f"{ACCENTS[m[2]]}{{{m[1]}}}", text)
    text = _braces(text)
    parts = TOKEN.findall(text)
    return "".join(_token(part, parts[i - 1] if i else "") for i, part in enumerate(parts)).strip()


def _is_line(line: str) -> bool:
    words = re.findall(r"[A-Za-z]+", re.sub("|".join(OPTIONS), "", line))
    known = all(len(w) <= 2 or w in FUNCTIONS | WORDS or _is_index(w, line) for w in words)
    return known and bool(re.search(r"[=←∝]|min_", line)) and '"' not in line and "`" not in line


def _is_index(word: str, line: str) -> bool:
    return f"_{word}" in line or f"{word}ηα" in line


def _split(line: str) -> tuple[str, str]:
    """Splits a line into the formula and the remark after `#`."""
    formula, _, remark = line.partition("#")
    return formula.strip(), remark.strip()


def _braces(text: str) -> str:
    """Puts roots, exponents and indices into braces."""
    while match := re.search(r"√\(", text):
        depth, end = 1, match.end()
        while depth:
            depth += {"(": 1, ")": -1}.get(text[end], 0)
            end += 1
        inside = text[match.end() : end - 1]
        text = f"{text[: match.start()]}\\sqrt{{{inside}}}{text[end:]}"
    text = re.sub(r"√(\w)", r"\\sqrt{\1}", text)
    for letters, sign in ((SUPERSCRIPTS, "^"), (SUBSCRIPTS, "_")):
        group = re.compile(f"[{''.join(letters)}]+")
        text = group.sub(
            lambda m, of=letters, s=sign: f"{s}{{{''.join(of[c] for c in m[0])}}}", text
        )
    text = re.sub(r"([_^])(\w+?)(?=[_^]|\b|\W|$)", r"\1{\2}", text)
    text = text.replace("°", "^{°}")
    return re.sub(r"\^\{([^{}]*)\}\^\{([^{}]*)\}", r"^{\1 \2}", text)


def _token(token: str, before: str) -> str:
    if before == "\\":  # a command that `_braces` has written
        return token
    if token in FUNCTIONS:
        return rf"\{token} "
    if token in WORDS and len(token) > 1:
        return rf"\text{{ {token.replace('-', '_')} }}"
    if token.isspace():
        return r"\quad " if len(token) > 2 else " "
    if token == "½":
        return r"{\tfrac{1}{2}}"
    if token in GREEK:
        return rf"\{GREEK[token]} "
    return {"−": "-", "–": "-"}.get(token, token)


def to_mathml(block: list[str]) -> str:
    """Returns the HTML of a formula with one or more lines."""
    rows = []
    for line in filter(str.strip, block):
        formula, remark = _split(line)
        math = convert(to_latex(formula)).replace("<math ", '<math display="block" ', 1)
        math = re.sub(r'display="inline"', "", math)
        note = f'<span class="note">{html.escape(remark)}</span>' if remark else ""
        rows.append(f"{math}{note}")
    return f'<div class="formula">{"".join(rows)}</div>'


class Formula(Directive):
    """Shows the lines of its content as a formula."""

    has_content = True

    def run(self) -> list[nodes.Node]:
        """Returns the formula as HTML, and its source as text for other formats."""
        return [nodes.raw("", to_mathml(list(self.content)), format="html")]


def _render_inline(translator: Any, node: nodes.Element) -> None:
    translator.body.append(convert(node.astext()))
    raise nodes.SkipNode


def _render_block(translator: Any, node: nodes.Element) -> None:
    math = convert(node.astext(), display="block")
    translator.body.append(f'<div class="formula">{math}</div>\n')
    raise nodes.SkipNode


def setup(app: Any) -> dict[str, bool]:
    """Registers the directive `formula`, and the renderer `mathml` for LaTeX in pages."""
    app.add_directive("formula", Formula)
    app.add_html_math_renderer("mathml", (_render_inline, None), (_render_block, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
