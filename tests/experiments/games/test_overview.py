"""The table of all methods equals its sources, the pages and the record."""

import json
import re

import pytest

import minmax_jax as mm
from experiments.games import overview

PAGE = overview.PAGE.read_text(encoding="utf-8")
RESULTS = overview.PAGE.parents[1] / "experiments" / "results" / "games"


def test_committed_overview_joins_record_and_page():
    record = json.loads((RESULTS / "games.json").read_text(encoding="utf-8"))
    expected = overview.overview(record, PAGE)
    assert (RESULTS / "methods.md").read_text(encoding="utf-8") == f"{expected}\n"
    assert expected.count("\n|") == len(record["methods"]) + 2


@pytest.mark.parametrize("path", ["README.md", "docs/methods.md"])
def test_tables_list_every_optimizer_once(path):
    text = (overview.PAGE.parents[1] / path).read_text(encoding="utf-8")
    table = text.partition("## Optimizers\n")[2].partition("\n## ")[0]
    rows = [line.split("|") for line in table.splitlines() if line.startswith("|")]
    cells = [cell for row in rows for cell in row[1:3]]
    names = [name for cell in cells for name in re.findall(r"`(\w+)`", cell)]
    assert sorted(name for name in names if name in mm.optimizers) == sorted(mm.optimizers)


def test_descriptions_separate_costs_of_one_row():
    found = overview.descriptions(
        "| `a`, `b(x=)` | games | 1; 2 | tests |\n| `c`, `d` | p | 3 | t |"
    )
    assert found["a"] == ("games", "1", "tests") and found["b(x=)"][1] == "2"
    assert found["c"][1] == found["d"][1] == "3"


@pytest.mark.parametrize(
    ("method", "key"),
    [
        ("extragradient(relaxation=0.5)", "extragradient(relaxation=)"),
        ("sgda(complex_trace)", "complex_trace"),
        ("reflect(sgda)", "reflect"),
        ("tiada(adam)", "tiada"),
    ],
)
def test_key_of_variant_is_its_closest_description(method, key):
    assert overview.key_of(method, overview.descriptions(PAGE)) == key


def test_key_of_unknown_method_names_the_page():
    with pytest.raises(ValueError, match=r"^docs/methods.md has no row that describes other\(x\)"):
        overview.key_of("other(x)", {})
