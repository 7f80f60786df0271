"""Tests of `minmax-jax --version`."""

import tomllib
from importlib import metadata
from pathlib import Path

import minmax_jax as mm
from minmax_jax.__main__ import main

ROOT = Path(__file__).parents[3]


def test_version_option_prints_one_line_with_all_versions(capsys):
    assert main(["--version"]) == 0
    (line,) = capsys.readouterr().out.splitlines()
    assert line.startswith(f"minmax-jax {mm.__version__}, jax {metadata.version('jax')}, ")


def test_version_is_written_in_one_place():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    assert project["project"]["dynamic"] == ["version"]
    assert project["tool"]["hatch"]["version"]["path"] == "minmax_jax/__init__.py"
    assert f"## [{mm.__version__}]" in (ROOT / "CHANGELOG.md").read_text()
    assert f"version: {mm.__version__}\n" in (ROOT / "CITATION.cff").read_text()
