"""Files of sweep folders are checked, and grids that cannot work are refused."""

import json

import pytest

from minmax_jax.gan import sweeps
from minmax_jax.gan.base.errors import ConfigError
from minmax_jax.gan.config import presets
from minmax_jax.gan.run import untrusted as run_untrusted
from minmax_jax.gan.sweeps import folder as folder_lib
from minmax_jax.gan.sweeps import grid as grid_lib
from minmax_jax.gan.sweeps import untrusted

CONFIG = presets.preset("gaussians")
GRID = sweeps.Grid(("sgda", "adam_gda"), seeds=(0, 1), centers={"sgda": (0.1, 0.2)})
VALUES = {
    "optimizers": ["sgda", "adam_gda"],
    "factors": [0.2, 1.0, 5.0],
    "learning_rates_min": [],
    "learning_rates_max": [],
    "seeds": [0, 1],
    "centers": {"sgda": [0.1, 0.2]},
}


def write_sweep(folder, **changes):
    content = {"about": {"grid": {}}, "config": CONFIG.to_json(), "grid": VALUES, **changes}
    (folder / "sweep.json").write_text(json.dumps(content))


def test_valid_sweep_is_read(tmp_path):
    write_sweep(tmp_path)
    assert folder_lib.read(tmp_path) == (CONFIG, GRID)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"about": []}, "about, config and grid must be objects"),
        ({"about": {"grid": 3}}, "about, config and grid must be objects"),
        ({"grid": None}, "about, config and grid must be objects"),
        ({"config": {"training": {"steps": "8"}}}, "steps must be an integer"),
        ({"grid": {**VALUES, "seeds": [-1]}}, "seeds must be a list of integers from 0"),
        ({"grid": {**VALUES, "seeds": 3}}, "seeds must be a list of integers"),
        ({"grid": {**VALUES, "factors": ["a"]}}, "factors must be a list of numbers"),
        ({"grid": {**VALUES, "optimizers": [3]}}, "optimizers must be a list of texts"),
        ({"grid": {**VALUES, "centers": {"sgda": [1]}}}, "centers must contain pairs"),
        ({"grid": {**VALUES, "more": []}}, "'more' is not known"),
    ],
)
def test_invalid_sweep_file_raises_one_line(tmp_path, changes, message):
    write_sweep(tmp_path, **changes)
    with pytest.raises(ConfigError, match=message) as error:
        folder_lib.read(tmp_path)
    assert "\n" not in str(error.value) and "sweep.json" in str(error.value)


def make_run(folder):
    return grid_lib.SweepRun("a", CONFIG.replace(out=str(folder)))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "not JSON"),
        ("[]", "not a JSON object"),
        ("{}", "diverged_at must be a step or null"),
        ('{"diverged_at": -1}', "diverged_at must be a step or null"),
        ('{"diverged_at": null, "a": {"b": []}}', "a is nested too deeply"),
        ('{"diverged_at": null, "num_samples": 5}', "extractor must be text"),
        (" " * (run_untrusted.MAX_JSON + 1), "more than 1,048,576 bytes"),
    ],
    ids=lambda text: text[:20],
)
def test_invalid_outcome_raises_one_line(tmp_path, text, message):
    (tmp_path / "outcome.json").write_text(text)
    with pytest.raises(ConfigError, match=message) as error:
        folder_lib.read_outcome(make_run(tmp_path))
    assert "\n" not in str(error.value) and "outcome.json" in str(error.value)


def test_written_outcome_is_read(tmp_path):
    outcome = {"diverged_at": None, "num_samples": 5, "extractor": "pixels", "facts": {}, "a": 0.5}
    folder_lib.write_outcome(make_run(tmp_path), outcome)
    assert folder_lib.read_outcome(make_run(tmp_path)) == outcome


def test_grid_describes_the_number_of_runs():
    assert GRID.describe() == "2 optimizers × 3 × 3 learning rates × 2 seeds = 36 runs"
    single = sweeps.Grid(("sgda",), factors=(1.0,))
    assert single.describe() == "1 optimizer × 1 × 1 learning rates × 1 seed = 1 run"


@pytest.mark.parametrize(
    ("grid", "message"),
    [
        (sweeps.Grid(("sgda",), factors=tuple(range(1, 400))), "at most 100000 runs, got 1 opt"),
        (
            sweeps.Grid(("sgda",), learning_rates_min=(0.1, 0.1000000001)),
            "sgda-0.1-.*differ only after the sixth digit",
        ),
        (sweeps.Grid(("sgda",), seeds=(-1,)), "seed must be at least 0, got -1"),
        (sweeps.Grid(("sgda",), seeds=(10**20,)), "seed must be below 2147483648"),
        (sweeps.Grid(("sgda",), factors=(float("inf"),)), "learning_rate_min must be at least 0"),
    ],
)
def test_grid_that_cannot_work_is_refused(tmp_path, grid, message):
    with pytest.raises(ConfigError, match=message):
        grid_lib.sweep_runs(CONFIG, grid, tmp_path)


def test_sweep_says_how_many_runs_it_makes(tmp_path):
    notes = []
    config = CONFIG.replace(batch_size=7, devices=1)
    (tmp_path / "thesis").touch()  # It ends the sweep before the first run.
    with pytest.raises(ConfigError, match="is not a sweep folder"):
        sweeps.sweep(config, GRID, out=tmp_path, note=notes.append)
    assert "= 36 runs of 10,000 updates in" in notes[0]


def test_outcome_check_accepts_diverged_runs():
    assert untrusted.check_outcome({"diverged_at": 3, "reason": "not finite"}) == ""
