"""Tests that the code blocks of the documents run and that their links exist."""

import re
from pathlib import Path

import pytest

import minmax_jax as mm
from minmax_jax import gan

ROOT = Path(__file__).parent.parent
CODE = re.compile(r"```python\n(.*?)```", re.DOTALL)
SLOW_PAGES = ("docs/constrained_problems.md",)
PAGES = ("README.md", "CONTRIBUTING.md", "docs/adam_type.md", "docs/schedules.md")
BLOCKS = [
    pytest.param(block, id=f"{name}-{index}", marks=[pytest.mark.slow] * (name in SLOW_PAGES))
    for name in (*PAGES, *SLOW_PAGES)
    for index, block in enumerate(CODE.findall((ROOT / name).read_text()))
]


@pytest.mark.parametrize("block", BLOCKS)
def test_python_block_runs(block, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    exec(compile(block, "<block>", "exec"), {})


@pytest.mark.slow
def test_your_own_gan_page_runs_as_one_notebook(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for registry in (gan.DATA_SETS, gan.NETWORKS, gan.LOSSES):
        monkeypatch.setattr(registry, "_registered", {})
    page = (ROOT / "docs" / "your_own_gan.md").read_text()
    exec(compile("\n".join(CODE.findall(page)), "<page>", "exec"), {"__name__": "page"})
    assert (tmp_path / "runs/bars-sweep/heatmap.png").exists()
    assert (tmp_path / "interpolation.gif").exists()


@pytest.mark.parametrize("name", ["README.md", "CHANGELOG.md"])
def test_document_counts_and_names_all_optimizers(name):
    text = (ROOT / name).read_text()
    assert f"{len(mm.optimizers)} optimizers" in text
    assert [optimizer for optimizer in mm.optimizers if f"`{optimizer}`" not in text] == []


@pytest.mark.parametrize(
    "name",
    [
        "README.md",
        "CONTRIBUTING.md",
        "benchmarks/README.md",
        "docs/adam_type.md",
        "docs/augmentation.md",
        "docs/constrained_problems.md",
        "docs/conditional.md",
        "docs/gan_trainer.md",
        "docs/methods.md",
        "docs/metrics.md",
        "docs/published_networks.md",
        "docs/reliability.md",
        "docs/schedules.md",
        "docs/trained_generators.md",
        "docs/your_own_gan.md",
        "experiments/README.md",
    ],
)
def test_linked_files_exist(name):
    document = ROOT / name
    prose = re.sub(r"```.*?```", "", document.read_text(), flags=re.DOTALL)
    for target in re.findall(r"\]\((?!https?://|#)([^)#]+)\)", prose):
        assert (document.parent / target).exists(), f"{name} points to {target}"


def test_commands_of_reliability_page_name_existing_files():
    text = (ROOT / "docs/reliability.md").read_text()
    commands = re.findall(r"`([^`]*(?:pytest|python -m) [^`]*)`", text)
    assert len(commands) > 20
    for command in commands:
        for word in command.split():
            if word.startswith("tests/"):
                assert (ROOT / word).exists(), command
            elif word.startswith("tests."):
                assert (ROOT / (word.replace(".", "/") + ".py")).exists(), command
