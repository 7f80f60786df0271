"""Tests of recorded parts of an experiment."""

import json

import pytest

from experiments._shared.command import describe, environment
from experiments._shared.parts import read_or_run
from experiments.greedy.equilibrium.config import Config
from minmax_jax import gan


def test_finished_part_is_read_and_keeps_its_configuration(tmp_path):
    path, config = tmp_path / "part.json", {"rates": (0.1, 0.2), "steps": 3}
    assert read_or_run(path, config, lambda: 5.0) == 5.0
    assert read_or_run(path, config, lambda: 6.0) == 5.0
    with pytest.raises(gan.ConfigError, match=r"part.json .* --runs.*\(steps: 3 -> 4\)\.$"):
        read_or_run(path, {**config, "steps": 4}, lambda: 6.0)
    with pytest.raises(gan.ConfigError, match=r"\(steps: 3 -> None\)"):
        read_or_run(path, {"rates": (0.1, 0.2)}, lambda: 6.0)
    assert json.loads(path.read_text()) == {
        "config": {"rates": [0.1, 0.2], "steps": 3},
        "found": 5.0,
    }


def test_description_of_a_result_names_no_location():
    found = describe(Config(runs="/somewhere", seeds=2), mixture="other")
    assert found["config"]["runs"] is None and found["config"]["seeds"] == 2
    assert found["config"]["mixture"] == "other"
    assert {"config": found["config"], **environment()} == found
