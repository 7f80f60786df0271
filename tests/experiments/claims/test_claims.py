"""Tests that the pages of all claims are current, complete and short."""

import copy
import re
import subprocess
from pathlib import Path

import pytest

from experiments._shared.comparisons import fisher
from experiments.claims import (
    adaptive_mnist,
    grafting,
    greedy,
    greedy_gaussians,
    one_sided,
    render,
)
from experiments.claims.groups import GROUPS
from experiments.claims.row import MAX_WORDS, VERDICTS, Row, result, table
from experiments.greedy.digits01 import table as digits
from experiments.greedy.gaussians import game
from experiments.greedy.gaussians import table as gaussians

ROWS = [row for rows in GROUPS.values() for row in rows]
PAGES = sorted(render.FOLDER.glob("*.md"))
MOST = {"claim": 50, "setting": 42, "verdict": 56, "figure": 74}
"""Characters of each column of the summary. A row then fits on two lines of 948 pixels, the width
of a page on GitHub."""


def test_figures_of_all_pages_come_from_records():
    stale = [p.name for p, text in render.pages(GROUPS).items() if p.read_text() != text]
    assert not stale, f"run python -m experiments.claims; not current: {stale}"


def test_every_row_has_a_page_and_every_page_a_row():
    names = [row.name for row in ROWS]
    assert sorted(names) == sorted(path.stem for path in PAGES)
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_verdict_is_short_and_begins_with_a_verdict_word(row):
    assert row.verdict.partition(":")[0] in VERDICTS
    assert len(row.verdict.split()) <= MAX_WORDS


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_row_of_summary_fits_on_two_lines(row):
    cells = row.claim, row.setting, row.verdict, row.decides()
    for (name, most), cell in zip(MOST.items(), cells, strict=True):
        assert len(cell.replace("`", "")) <= most, name


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_page_has_setting_limitations_command_and_provenance(path):
    text = path.read_text()
    for heading in ("Setting", "Results", "Limitations", "Reproduction"):
        assert f"\n## {heading}\n" in text
    assert "python -m experiments." in text
    if path.stem != "C6":  # The only claim that has not run.
        assert re.search(r"[Rr]ecorded on .*CPU cores|[Rr]ecorded on one NVIDIA", text)
        assert re.search(r"\b[0-9a-f]{7}\b", text), "names no commit"
        assert text.count("![") == 1


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_commits_of_page_contain_its_experiments(path):
    _, _, reproduction = path.read_text().partition("\n## Reproduction\n")
    commits = re.findall(r"\b(?=[0-9]*[a-f])(?=[a-f]*[0-9])[0-9a-f]{7,8}\b", reproduction)
    modules = {
        name.replace(".", "/")
        for name in re.findall(r"python -m (experiments[\w.]+)", reproduction)
    }
    for commit in commits:
        if git("cat-file", "-e", f"{commit}^{{commit}}"):
            pytest.skip(f"this clone has no commit {commit}")
        places = [f"{module}{end}" for module in modules for end in ("/__main__.py", ".py")]
        found = [place for place in places if not git("cat-file", "-e", f"{commit}:{place}")]
        assert found, f"{commit} has none of {places}"


def git(*words):
    """Returns the exit status of git in the repository."""
    try:
        return subprocess.run(["git", *words], cwd=render.FOLDER, capture_output=True).returncode
    except FileNotFoundError:
        pytest.skip("git is not installed")


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_links_of_page_exist(path):
    for target in re.findall(r"\]\((?!https?://|#)([^)#]+)(?:#[^)]*)?\)", path.read_text()):
        assert (path.parent / target).exists(), target


def test_replace_refuses_unknown_and_missing_blocks():
    text = "a\n<!-- table -->\nold\n<!-- end -->\nb\n"
    new = render.replace(text, {"table": "new"}, Path("page"))
    assert new == "a\n<!-- table -->\nnew\n<!-- end -->\nb\n"
    assert render.replace(new, {"table": "new"}, Path("page")) == new
    for blocks in ({}, {"table": "", "other": ""}):
        with pytest.raises(ValueError, match="page: has blocks"):
            render.replace(text, blocks, Path("page"))


def test_summary_groups_rows_by_paper():
    row = Row("X1", "Claim", "setting", "supported: on X", lambda: "1 of 2", {})
    assert render.summary({"Paper": [row]}).splitlines()[2:] == [
        "| **Paper** | | | | |",
        "| Claim | setting | *supported*: on X | 1 of 2 | [X1](claims/X1.md) |",
    ]


def test_full_claims_repeat_the_claim_of_the_row_before():
    texts = ("Fast", "The same", "The same on MNIST", "Slow", "The same")
    rows = [Row(f"X{i}", t, "", "", str, {}) for i, t in enumerate(texts)]
    found, claims = render.full_claims({"P": rows[:4], "Q": rows[4:]})
    assert found == rows
    assert claims == ["Fast", "Fast", "Fast. Tested here on MNIST", "Slow", "Slow"]


def test_table_counts_escaped_bars_as_text():
    assert table("a \\| b | c", [[1, 2]]) == "| a \\| b | c |\n|---|---:|\n| 1 | 2 |"


def test_primary_comparison_is_not_corrected():
    primary, other = one_sided.PRIMARY, "ada_nsgda, constant"
    p = one_sided.p_values("gaussians")
    found = one_sided.slope("gaussians", primary, "min")
    seeds = result("one_sided/norms/gaussians")["seeds"]
    raw = one_sided.from_interval(found["mean"], found["low"], found["high"], seeds)
    assert p[primary, "min"] == one_sided.format_p(raw)
    found = one_sided.slope("gaussians", other, "min")
    raw = one_sided.from_interval(found["mean"], found["low"], found["high"], seeds)
    assert float(p[other, "min"]) > 2 * raw


def test_corner_pairs_are_left_out(monkeypatch):
    record = copy.deepcopy(result(grafting.GAUSSIANS))
    assert "corner" not in grafting.matrix(grafting.GAUSSIANS, "modes_covered", 1)
    changed = record["pairs"][7]
    changed["best"] = max(cell["rates"] for cell in changed["tuning"])
    monkeypatch.setattr(grafting, "result", lambda path: record)
    assert grafting.at_corner(changed)
    text = grafting.matrix(grafting.GAUSSIANS, "modes_covered", 1)
    assert text.splitlines()[3].split("|")[3].strip() == "corner" and text.count("corner") == 1


def test_tested_share_leaves_out_updates_without_a_test():
    # Of updates 0 to 9, 0, 4 and 8 have no test; 4 of the other 7 are accepted.
    assert greedy_gaussians.tested_share(7, 10, 4) == pytest.approx(4 / 7)


def test_adam_on_mnist_has_the_b2_that_tuning_chose():
    adam = adaptive_mnist.best_adam()  # 0.9: 102.7, 0.99: 94.6, 0.999: 102.1
    assert adam.title == "Adam, b2 = 0.99" and adam.tuned() == pytest.approx(94.6, abs=0.05)


def test_comparisons_with_greedy_depend_on_what_counts_as_a_mode():
    for record, expected in (
        (greedy_gaussians.SCRIPT, {"script": 4, "script_gda_6": 6, "script_gda_1": 0}),
        (greedy_gaussians.LIBRARY, {"ours_as_published": 2, "gda_6": 7, "gda_1": 0}),
    ):
        runs = record.runs()
        assert {m: (gaussians.by_eye(found) == 4).sum() for m, found in runs.items()} == expected
        assert min(map(float, greedy_gaussians.against_greedy(record).values())) > 0.05
    p = greedy_gaussians.against_greedy(greedy_gaussians.SCRIPT, greedy_gaussians.FEW)
    assert float(p["script_gda_6"]) > 0.05 > float(p["script_gda_1"])


def test_stated_rule_and_gda_differ_within_chance():
    record = greedy_gaussians.STATED
    assert {m: len(runs) for m, runs in record.runs().items()} == {
        "ours_independent": 20,
        "gda_6": 20,
        "gda_1": 20,
    }
    for share in (game.MIN_SHARE, greedy_gaussians.FEW):
        p = greedy_gaussians.against_greedy(record, share)
        assert min(map(float, p.values())) > 0.05


def test_both_digits_are_kept_by_greedy_and_dropped_by_gda():
    def counts(path, *shares):
        found = result(path)["methods"]
        return {
            m: [digits.both(found[m], -1, share) for share in shares]
            for m in ("ours_published", "gda")
        }

    shares = digits.BY_EYE, digits.MIN_SHARE
    assert counts(greedy.PUBLISHED, *shares) == {"ours_published": [20, 16], "gda": [4, 0]}
    assert counts(greedy.SEPARATE, digits.BY_EYE) == {"ours_published": [6], "gda": [0]}
    assert fisher((20, 20), (4, 20)) < 1e-6
    assert fisher((6, 8), (0, 8)) == pytest.approx(0.007, abs=5e-4)


def test_diverged_runs_have_no_modes_and_an_infinite_distance():
    pair = {"final": [{"scores": {"modes_covered": 8, "frechet_distance": 9.0}}, {"scores": {}}]}
    assert grafting.mean(pair, "modes_covered") == 4
    assert grafting.mean(pair, "frechet_distance") == float("inf")
