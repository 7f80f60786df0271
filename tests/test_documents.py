"""Tests that code, links and commands of the documents are valid."""

import re
import shlex
from pathlib import Path

import jax
import pytest

import minmax_jax as mm
from minmax_jax import gan
from minmax_jax.gan.cli.main import parse
from tests.gan.paths import MNIST, needs_mnist

ROOT = Path(__file__).parent.parent
CODE = re.compile(r"```(?:\{code-cell\} )?python\n(.*?)```", re.DOTALL)
SHELL = re.compile(r"```bash\n(.*?)```", re.DOTALL)
PAGES = ["README.md", "CONTRIBUTING.md"]
PAGES += sorted(
    path.relative_to(ROOT).as_posix()
    for pattern in ("*.md", "tutorials/*.md")
    for path in (ROOT / "docs").glob(pattern)
)
REGISTRIES = (gan.DATA_SETS, gan.NETWORKS, gan.LOSSES, gan.AUGMENTATIONS)
SLOW = {
    "docs/conditional.md",
    "docs/constrained_problems.md",
    "docs/first_gan.md",
    "docs/known_optima.md",
    "docs/mixed_strategies.md",
    "docs/trained_generators.md",
    "docs/training_loops.md",
    "docs/your_own_gan.md",
}
ONE_NOTEBOOK = {"docs/trained_generators.md", "docs/your_own_gan.md"}  # blocks build on each other
SLOW_FOLDERS = ("docs/tutorials/",)  # each page trains networks or solves several problems
NEEDS = {"docs/training_loops.md": ("equinox", "haiku")}
OPTIONAL = {"docs/streaming.md", "docs/cluster.md", "docs/scaling.md"}  # have tests of their own


def is_notebook(text):
    return text.startswith("---\nfile_format: mystnb")


def programs():
    """Yields each program of a page: a block, or all blocks of a notebook together."""
    for name in PAGES:
        text = (ROOT / name).read_text()
        blocks = CODE.findall(text)
        whole = is_notebook(text) or name in ONE_NOTEBOOK
        marks = [pytest.mark.slow] * (name in SLOW or name.startswith(SLOW_FOLDERS))
        marks += [needs_mnist] * ('environ.get("MNIST"' in text)
        for index, block in enumerate(["\n".join(blocks)] if whole and blocks else blocks):
            if name not in OPTIONAL:
                yield pytest.param(name, block, id=f"{name}-{index}", marks=marks)


@pytest.fixture
def isolated(tmp_path, monkeypatch):
    """Runs code in an empty folder, and restores registries and settings afterwards."""
    monkeypatch.chdir(tmp_path)
    for registry in REGISTRIES:
        monkeypatch.setattr(registry, "_registered", dict(registry._registered))
    wide = jax.config.jax_enable_x64
    yield tmp_path
    jax.config.update("jax_enable_x64", wide)


@pytest.mark.parametrize("name, program", list(programs()))
def test_python_code_runs(name, program, isolated, monkeypatch):
    monkeypatch.setenv("MNIST", str(MNIST))
    for package in NEEDS.get(name, ()):
        pytest.importorskip(package, reason="the page shows another library")
    if name == "docs/trained_generators.md":
        prepare_trained_generator()
    exec(compile(program, f"<{name}>", "exec"), {"__name__": "page"})
    if name == "docs/your_own_gan.md":
        assert (isolated / "runs/bars-sweep/heatmap.png").exists()
        assert (isolated / "interpolation.gif").exists()


def prepare_trained_generator():
    """Trains the run, and writes the file, that the page on trained generators reads."""
    pytest.importorskip("flatbuffers", reason="the page shows an exported generator")
    config = gan.preset("digits", width=4, steps=2, checkpoint_every=2, evaluate=0)
    gan.train(config.replace(out="runs/digits"))
    gan.export("runs/digits", "generator.jax")


def test_notebooks_have_code():
    notebooks = [name for name in PAGES if is_notebook((ROOT / name).read_text())]
    assert len(notebooks) >= 5
    assert all(CODE.search((ROOT / name).read_text()) for name in notebooks)


def commands():
    """Yields the arguments of every command `minmax-jax` in the documents."""
    for name in PAGES:
        for block in SHELL.findall((ROOT / name).read_text()):
            for line in block.replace("\\\n", " ").splitlines():
                words = shlex.split(line, comments=True)
                if words[:1] == ["minmax-jax"] and words[1:] != ["--version"]:
                    yield pytest.param(words[1:], id=f"{name}: {' '.join(words[1:])}"[:90])


@pytest.mark.slow
@pytest.mark.parametrize("words", list(commands()))
def test_command_of_a_document_is_valid(words):
    assert parse(words) is not None


@pytest.mark.parametrize("name", ["README.md", "CHANGELOG.md"])
def test_document_counts_and_names_all_optimizers(name):
    text = (ROOT / name).read_text()
    assert f"{len(mm.optimizers)} optimizers" in text
    assert [optimizer for optimizer in mm.optimizers if f"`{optimizer}`" not in text] == []


def test_readme_is_short():
    assert len((ROOT / "README.md").read_text().splitlines()) <= 150


@pytest.mark.parametrize("name", [*PAGES, "benchmarks/README.md", "experiments/README.md"])
def test_linked_files_exist(name):
    document = ROOT / name
    prose = re.sub(r"```.*?```|`[^`\n]*`", "", document.read_text(), flags=re.DOTALL)
    for target in re.findall(r"\]\((?!https?://|#)([^)#]+)\)", prose):
        if target == "api/index.rst":  # written when the site is built
            continue
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
