"""Tests of sizes, grids and choices of the image experiment, without training."""

import dataclasses
import json
import re
import shlex
from pathlib import Path

import numpy as np
import pytest
import tyro

from experiments.dissecting.images import __main__ as command
from experiments.dissecting.images import recorded, table, tuning
from experiments.dissecting.images.config import (
    SIZES,
    Config,
    grid_size,
    resolve_defaults,
    training_config,
)
from experiments.dissecting.images.methods import CENTERS, METHODS, grid
from experiments.dissecting.images.recorded import SAME, recorded_tuning
from minmax_jax import gan


@pytest.mark.parametrize("size", CENTERS)
@pytest.mark.parametrize("method", METHODS)
def test_grid_has_equal_size_and_contains_its_center(method, size):
    powers = SIZES[size]["powers"]
    cells = grid(method, size, powers)
    assert len(cells) == len(set(cells)) == len(powers) ** 2
    center = cells[powers.index(0) * (len(powers) + 1)]
    assert center == pytest.approx(CENTERS[size][METHODS[method].unit], rel=2e-3)
    assert cells[-1][0] / cells[0][0] == pytest.approx(4 ** (len(powers) - 1), rel=0.02)


def test_min_powers_extend_the_grid_on_one_side():
    low, high = CENTERS["accelerator-short"]["gradient"]
    cells = grid("ada_dir", "accelerator-short", (0, 1, 2), (-2, -1))
    assert [cell[0] for cell in cells] == pytest.approx([low / 16] * 3 + [low / 4] * 3, rel=2e-3)
    assert [cell[1] for cell in cells] == pytest.approx([high, 4 * high, 16 * high] * 2, rel=2e-3)
    config = resolve_defaults(Config(powers=(0, 1, 2), min_powers=(-2, -1), again=(6, 1)))
    assert grid_size(config) == (6, (6, 1))
    with pytest.raises(gan.ConfigError, match=r"min_powers=\(-2,\), again=\(4, 1\)"):
        resolve_defaults(Config(powers=(0, 1, 2), min_powers=(-2,), again=(4, 1)))


def test_short_size_fits_three_pieces_of_nine_minutes():
    record = json.loads((command.OUT / "h100" / "resnet64.json").read_text())
    runs = [run for found in record["methods"].values() for run in found["final"]]
    spent = [run["seconds"] / run["steps"] for run in runs if run["diverged_at"] is None]
    config = resolve_defaults(Config(size="accelerator-short"))
    cells, (best, more) = grid_size(config)
    updates = (cells + best * more) * config.tune_steps + config.seeds * config.steps
    # A fifth of the time is left for compilation, the classifier and the evaluation of short
    # runs; the recorded times contain the evaluation of long ones.
    assert len(METHODS) * updates * np.mean(spent) < 0.8 * 3 * 9 * 60
    assert config.width == record["config"]["width"] and record["hardware"].startswith(
        "NVIDIA H100"
    )


def test_short_grid_has_the_best_recorded_rates_inside():
    for name in ("resnet64", "resnet64-sgda-low-rates", "resnet64-nsgda-high-rates"):
        record = json.loads((command.OUT / "h100" / f"{name}.json").read_text())
        for method, found in record["methods"].items():
            if found["final"][0]["diverged_at"] is None:
                cells = grid(method, "accelerator-short", SIZES["accelerator-short"]["powers"])
                for side, best in enumerate(found["best"]):
                    rates = sorted({cell[side] for cell in cells})
                    assert rates[0] < best < rates[-1], (name, method)


def test_resolve_defaults_fills_every_field():
    for size in SIZES:
        config = resolve_defaults(Config(size=size))
        assert None not in vars(config).values()
        training_config(config)
    assert resolve_defaults(Config(size="accelerator", width=4)).width == 4


def test_commands_of_the_missing_runs_find_their_records():
    page = (Path(command.__file__).parents[2] / "claims" / "A6.md").read_text()
    values = dict(re.findall(r"^(short|records)=\"?([^\"\n]+)\"?$", page, re.MULTILINE))
    lines = [line for line in page.splitlines() if line.startswith("$short ")]
    seen = []
    for line in lines:
        for name, value in values.items():
            line = line.replace(f"${name}", value)
        arguments = [a for a in shlex.split(line) if a not in ("python", "-m")][1:]
        place = arguments.index("--out")
        del arguments[place : place + 2]
        chosen = tyro.cli(Config, args=arguments, config=(tyro.conf.OmitArgPrefixes,))
        config = resolve_defaults(chosen)
        assert (config.size, config.seeds, config.time_limit) == ("accelerator-short", 5, 9.0)
        if config.tuned:
            root = Path(command.__file__).parents[3]
            found = recorded_tuning(config, [str(root / path) for path in config.tuned])
            assert set(config.methods) <= set(found)
        seen += [(config.width, method) for method in config.methods]
    assert len(seen) == len(set(seen)) == 9 and sum(width == 128 for width, _ in seen) == 3


def test_tuning_comes_from_the_first_record_that_has_the_method(tmp_path):
    config = resolve_defaults(Config(methods=("sgda", "nsgda")))
    about = {name: getattr(config, name) for name in SAME}
    paths = [tmp_path / "one.json", tmp_path / "two.json"]
    for path, methods in zip(paths, (("sgda",), ("sgda", "nsgda")), strict=True):
        found = {method: {"tuning": [path.stem]} for method in methods}
        path.write_text(json.dumps({"config": about, "methods": found}))
    assert recorded_tuning(config, list(map(str, paths))) == {"sgda": ["one"], "nsgda": ["two"]}
    with pytest.raises(gan.ConfigError, match="no learning rates of nsgda; give --methods from"):
        recorded_tuning(config, [str(paths[0])])


def test_recorded_grid_replaces_the_first_tuning_runs(tmp_path):
    config = Config(again_steps=8, powers=(-1, 1), again=(2, 1), methods=("sgda",))
    config, path = resolve_defaults(config), tmp_path / "one.json"
    pairs = grid("sgda", "cpu", (-1, 1))
    cells = [
        {"rates": list(pair), "distances": [first, 0.0], "long": [0.0], "chosen": False}
        for pair, first in zip(pairs, (None, 3.0, 1.0, 2.0), strict=True)
    ]
    about = {name: getattr(config, name) for name in SAME}
    record = {"config": about, "methods": {"sgda": {"tuning": cells[::-1]}}}
    path.write_text(json.dumps(record))

    class Stub:
        def outcomes(self, jobs):
            assert [job.rates for job in jobs] == [pairs[2], pairs[3]]
            assert {job.steps for job in jobs} == {8}
            return [{"scores": {"frechet_distance": value}} for value in (5.0, 4.0)]

    known = dataclasses.replace(config, grids=(str(path),))
    assert tuning.tune(known, Stub(), "sgda") == [
        {"rates": list(pairs[0]), "distances": [None], "chosen": False},
        {"rates": list(pairs[1]), "distances": [3.0], "chosen": False},
        {"rates": list(pairs[2]), "distances": [1.0], "long": [5.0], "chosen": False},
        {"rates": list(pairs[3]), "distances": [2.0], "long": [4.0], "chosen": True},
    ]
    with pytest.raises(gan.ConfigError, match="sgda was tuned on another grid"):
        tuning.tune(dataclasses.replace(known, powers=(0, 1)), Stub(), "sgda")


def written(tmp_path, config, network="0a", **changes):
    """Writes a record, and returns the configuration that takes its grid."""
    path = tmp_path / "one.json"
    about = {**dataclasses.asdict(config), "data": "mnist", **changes}
    final = [{"facts": {"network": network}}, {}]
    methods = {"sgda": {"tuning": [], "final": final}}
    path.write_text(json.dumps({"config": about, "methods": methods}))
    return dataclasses.replace(config, grids=(str(path),))


@pytest.mark.parametrize(
    "change",
    [
        {"tune_steps": 7},
        {"tune_seed": 7},
        {"tune_evaluate": 7},
        {"ema_decay": 0.5},
        {"width": 7},
        {"extractor": "pixels"},
        {"data": "cifar10"},
    ],
)
def test_grids_of_other_settings_are_refused(tmp_path, change):
    config = resolve_defaults(Config())
    recorded.check_grids(written(tmp_path, config), "mnist", {"network": "0a"})
    with pytest.raises(gan.ConfigError, match=r"one\.json was tuned (for another|on data=cifar10)"):
        recorded.check_grids(written(tmp_path, config, **change), "mnist", {"network": "0a"})


def test_grids_of_another_classifier_are_refused(tmp_path):
    config = written(tmp_path, resolve_defaults(Config()), network="0b")
    with pytest.raises(gan.ConfigError, match="classifier 0b, and this command has 0a"):
        recorded.check_grids(config, "mnist", {"network": "0a"})
    recorded.check_grids(dataclasses.replace(config, again_steps=9), "mnist", {"network": "0a"})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"powers": (0, 0)}, "powers=.* has a value twice"),
        ({"powers": (0, 1), "min_powers": (2, 2)}, "min_powers=.* has a value twice"),
        ({"methods": ("sgda", "sgda")}, "methods=.* has a value twice"),
        ({"again": (1, -1)}, "again=.* is negative"),
        ({"steps": 0}, "steps=0 is out of range"),
        ({"tune_steps": 0}, "tune_steps=0 is out of range"),
    ],
)
def test_settings_that_train_nothing_or_twice_are_refused(change, message):
    with pytest.raises(gan.ConfigError, match=message):
        resolve_defaults(Config(**change))


def test_long_repeats_alone_choose_the_cell():
    config = Config(tune_steps=6, again_steps=8, powers=(-1, 1), again=(2, 1), methods=("sgda",))
    config = resolve_defaults(config)
    lengths = []

    class Stub:
        def outcomes(self, jobs):
            lengths.append([job.steps for job in jobs])
            names = {job.name for job in jobs}
            assert len(names) == len(jobs) and not names & set(seen)
            seen.extend(names)
            # Short runs prefer the first cells; among the best two, long runs prefer the second.
            order = range(len(jobs)) if len(lengths) == 1 else (2, 1)
            return [{"scores": {"frechet_distance": float(value)}} for value in order]

    seen = []
    cells = tuning.tune(config, Stub(), "sgda")
    assert lengths == [[6] * 4, [8] * 2]
    assert [cell["chosen"] for cell in cells] == [False, True, False, False]
    assert [cell.get("long") for cell in cells] == [[2.0], [1.0], None, None]
    assert [table.distances(cell) for cell in cells[:3]] == ["0 → 2", "**1 → 1**", "2"]


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"size": "gpu"}, "size='gpu'"),
        ({"methods": ("adm",)}, "methods='adm'"),
        ({"time_limit": 121.0}, "time_limit=121"),
        ({"seeds": 1001}, "seeds=1001"),
        ({"again": (5, 1), "powers": (0, 1)}, "again=(5, 1)"),
        ({"again": (1, 0), "again_steps": 9}, "again_steps=9"),
        ({"again_steps": -1}, "again_steps=-1"),
        ({"runs_at_once": 65}, "runs_at_once=65"),
    ],
)
def test_resolve_defaults_names_invalid_values(change, text):
    with pytest.raises(gan.ConfigError) as error:
        resolve_defaults(Config(**change))
    assert text in str(error.value)
