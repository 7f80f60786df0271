"""The documents run: every Python block of the Markdown files, as a newcomer would paste it."""

import re
from pathlib import Path

import pytest

from minmax_jax import gan

ROOT = Path(__file__).parent.parent
BLOCKS = [
    pytest.param(block, id=f"{name}-{index}")
    for name in ("README.md", "CONTRIBUTING.md", "docs/adam_type.md")
    for index, block in enumerate(
        re.findall(r"```python\n(.*?)```", (ROOT / name).read_text(), re.S)
    )
]


@pytest.mark.parametrize("block", BLOCKS)
def test_python_block_runs(block, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    exec(compile(block, "<block>", "exec"), {})


@pytest.mark.slow
def test_the_page_on_ones_own_gan_runs_from_top_to_bottom(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(gan.DATA_SETS, "_own", {})
    monkeypatch.setattr(gan.NETWORKS, "_own", {})
    monkeypatch.setattr(gan.LOSSES, "_own", {})
    page = (ROOT / "docs" / "your_own_gan.md").read_text()
    code = "\n".join(re.findall(r"```python\n(.*?)```", page, re.S))
    exec(compile(code, "<page>", "exec"), {"__name__": "page"})
    assert (tmp_path / "runs/bars-sweep/heatmap.png").exists() and (tmp_path / "walk.gif").exists()


@pytest.mark.parametrize(
    "name",
    [
        "README.md",
        "CONTRIBUTING.md",
        "docs/adam_type.md",
        "docs/your_own_gan.md",
        "docs/metrics.md",
        "experiments/README.md",
    ],
)
def test_files_that_a_document_points_to_are_there(name):
    document = ROOT / name
    prose = re.sub(r"```.*?```", "", document.read_text(), flags=re.S)
    for target in re.findall(r"\]\((?!https?://|#)([^)#]+)\)", prose):
        assert (document.parent / target).exists(), f"{name} points to {target}"
