"""Tests of timing, counting and the committed tables and figures."""

import dataclasses
import json
from pathlib import Path

import jax.numpy as jnp
import numpy as np
import pytest

from benchmarks import clock, counts, machine, suites, update


def test_ratio_is_computed_within_each_round():
    times = {"a": [1.0, 10.0, 2.0], "b": [2.0, 20.0, 4.0]}  # the second round is slow for both
    found = clock.compare(times, "a")
    assert clock.ratio(found["b"]) == (2.0, 2.0, 2.0)
    assert found["b"]["seconds"] == 4.0


def test_interleave_alternates_calls_after_warm_up():
    calls = []
    runs = {name: lambda name=name: calls.append(name) for name in "ab"}
    times = clock.interleave(runs, rounds=2, warm_up=1)
    assert calls == ["a", "b"] * 3
    assert [len(seconds) for seconds in times.values()] == [2, 2]


def test_counts_of_matmul_are_exact():
    x = jnp.ones((64, 64))
    found = counts.count(counts.compiled(jnp.matmul, x, x))
    assert found.flops == 2 * 64**3
    assert found.bytes == 3 * 4 * 64**2
    assert (found.collectives, found.transfers) == (0, 0)


def test_instructions_count_start_and_done_once():
    text = (
        "a = f32[] all-reduce-start(b), c\n d = f32[] all-reduce-done(a)\n e = f32[2] all-reduce(f)"
    )
    assert counts.instructions(text, "all-reduce") == 2


def test_unknown_suite_raises_with_nearest_name():
    with pytest.raises(SystemExit, match="choose from update"):
        suites.load("updates")


def test_sgd_update_moves_the_minimum_of_bytes():
    config = dataclasses.replace(update.QUICK, trees=((4_000, 4, "float32"),), rounds=1)
    (group,) = update.run(config, lambda progress: None)["groups"]
    sgd = group["rows"]["optax.sgd"]
    np.testing.assert_allclose(sgd["bytes"], sgd["least_bytes"], rtol=0.01)
    assert set(update.OPTIMIZERS) <= set(group["rows"])
    assert "`mm.nsgda`" in update.report({"groups": [group]})


def test_machine_describes_cores_versions_and_command():
    about = machine.describe()
    assert about["cores"] >= 1 and about["versions"]["jax"]
    assert "python -m benchmarks update" in machine.heading("update", about)


RECORDS = sorted((Path(suites.__file__).parent / "results").glob("*.json"))


@pytest.mark.parametrize("path", RECORDS, ids=[path.stem for path in RECORDS])
def test_tables_and_figures_are_built_from_json(path, tmp_path):
    suite, record = suites.load(path.stem), json.loads(path.read_text())
    text = f"{machine.heading(path.stem, record['machine'])}\n\n{suite.report(record)}\n"
    assert path.with_suffix(".md").read_text() == text
    assert hasattr(suite, "draw") == path.with_suffix(".png").exists()
    if hasattr(suite, "draw"):
        suite.draw(record, tmp_path / "figure.png")
        assert (tmp_path / "figure.png").stat().st_size > 10_000
