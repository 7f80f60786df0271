"""Four Gaussians: the mixture, the criterion, a short run of each method, resuming, the figures."""

import json

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import minmax_jax as mm
from experiments.greedy.gaussians import __main__ as gaussians
from experiments.greedy.gaussians import game
from experiments.greedy.gaussians import run as gaussians_run
from experiments.greedy.gaussians import table as gaussians_table
from experiments.greedy.gaussians.methods import LIMIT, METHODS, PUBLISHED

SMALL = game.Sizes(batch=16, latent=4, width=8)


@pytest.mark.parametrize("mixture", game.WEIGHTS)
def test_the_mixture_has_its_weights_and_spread(mixture):
    weights = game.WEIGHTS[mixture]
    assert sum(weights) == pytest.approx(1)
    points = game.real(game.Sizes(batch=20_000), jnp.asarray(weights), jax.random.key(0))
    near, close = np.asarray(game.shares(points))
    np.testing.assert_allclose(near, weights, atol=0.02)
    np.testing.assert_allclose(close, 0.989 * np.asarray(weights), atol=0.02)  # 1 − e^{−9/2}


def test_weights_start_orthogonal_with_the_stated_gain():
    w = game.start(game.Sizes(), jax.random.key(0)).min[1]["w"]
    np.testing.assert_allclose(w.T @ w, 0.64 * np.eye(128), atol=1e-5)


def test_modes_count_from_five_percent_on():
    def run(shares):
        return {"shares": [[shares, [0.0] * 4]]}

    found = [run([0.05, 0.049, 0.5, 0.4]), run([0.0, 0.0, 0.0, 1.0])]
    assert gaussians_table.modes(found, 0).tolist() == [3, 1]
    assert gaussians_table.modes(found, 1).tolist() == [0, 0]
    assert gaussians_table.percentages(np.array([3, 1])) == "0 / 50 / 0 / 50 / 0"


@pytest.mark.parametrize("method", METHODS)
def test_every_method_has_nine_cells_with_the_published_among_those_of_adam(method):
    cells = METHODS[method].cells()
    assert len(set(cells)) == 9
    assert (tuple(PUBLISHED) in cells) == (method != "nsgda")


@pytest.mark.parametrize(
    "method", [pytest.param(m, marks=[pytest.mark.slow] * (m != "ours")) for m in METHODS]
)
def test_every_method_runs_and_resumes_to_the_same_numbers(method, monkeypatch):
    monkeypatch.setattr(gaussians_run, "EVERY", 3)
    gaussians_run.program.cache_clear()
    rates = METHODS[method].cells()[0]
    runs = [
        gaussians_run.run_one(method, SMALL, "fresh", rates, "stated", seed=0, num_steps=6)
        for _ in range(2)
    ]
    gaussians_run.program.cache_clear()
    assert runs[0] == runs[1]
    assert np.asarray(runs[0]["shares"]).shape == (2, 2, 4)
    assert np.isfinite(runs[0]["clouds"]).all()
    assert ("acceptance_rate" in runs[0]) == method.startswith("ours")


def test_clipped_weights_stay_in_their_box(monkeypatch):
    monkeypatch.setattr(gaussians_run, "EVERY", 3)
    gaussians_run.program.cache_clear()
    begin, advance = gaussians_run.program("omd", SMALL, "common")
    gaussians_run.program.cache_clear()
    rates, key = mm.Players(0.1, 0.1), jax.random.key(0)
    z, state = begin(rates, key)
    z, *_ = advance(rates, jnp.asarray(game.WEIGHTS["equal"]), key, z, state, 0)
    assert max(float(jnp.abs(leaf).max()) for leaf in jax.tree.leaves(z.max)) <= LIMIT + 1e-7


def fake(method, sizes, draws, rates, mixture, seed, steps):
    """A run that finds as many modes as its seed says, and twice the third rate as well."""
    shares = [0.2 if i < seed % 5 else 0.0 for i in range(4)]
    cloud = [[0.0, 1.0], [1.0, 0.0]]
    return {
        "seed": seed, "rates": list(rates), "shares": [[shares, shares]] * (steps // 100),
        "clouds": [cloud] * (steps // 100),
    }  # fmt: skip


@pytest.mark.slow
def test_groups_are_tuned_run_once_and_drawn(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(gaussians, "run_one", fake)
    config = gaussians.Config(
        runs=str(tmp_path / "runs"), seeds=5, methods=("gda_1", "nsgda"), tune_seeds=2
    )
    gaussians.main(config, out=tmp_path)
    result = json.loads((tmp_path / "gaussians.json").read_text())
    assert {g: list(found) for g, found in result["groups"].items()} == {
        "published": ["gda_1"], "tuned": ["gda_1", "nsgda"], "equal": ["gda_1", "nsgda"],
    }  # fmt: skip
    for cells in result["tuning"].values():
        assert sorted(len(cell["scores"]) for cell in cells) == [1] * 6 + [2] * 3
    text = capsys.readouterr().out
    assert "20 / 20 / 20 / 20 / 20 | 1/5 [0.04, 0.62]" in text

    def never(*args):
        raise AssertionError("a finished run was repeated")

    monkeypatch.setattr(gaussians, "run_one", never)
    gaussians.main(config, out=tmp_path)
    gaussians.main(config, out=tmp_path, redraw=True)
    for name in ("gaussians", "published", "tuned", "equal"):
        assert (tmp_path / f"{name}.png").stat().st_size > 5_000


def test_coverage_is_the_part_of_the_mixture_that_is_there():
    weights, centres = game.WEIGHTS["stated"], np.asarray(game.CENTRES)
    mixture = np.repeat(centres, [4, 2, 2, 2], axis=0)
    assert gaussians.coverage(mixture, weights) == pytest.approx(1)
    assert gaussians.coverage(centres[:1], weights) == pytest.approx(0.4)  # collapsed: its weight
    assert gaussians.coverage(centres[1:2], weights) == pytest.approx(0.2)
    assert gaussians.coverage(mixture + 0.2, weights) == pytest.approx(0.5)  # within .3, not .1
    assert gaussians.coverage(mixture + 2.0, weights) == 0


def test_the_best_cell_is_a_finalist():
    cells = [
        {"rates": [1, 1], "scores": [0.9]},
        {"rates": [1, 2], "scores": [0.8, 0.2]},
        {"rates": [2, 1], "scores": [0.7, 0.6]},
    ]
    assert gaussians.best(cells)["rates"] == [2, 1]


@pytest.mark.parametrize(
    "wrong", [{"steps": 150}, {"methods": ("sgdx",)}, {"groups": ("x",)}, {"draws": "one"}]
)
def test_wrong_values_are_refused(wrong):
    with pytest.raises(SystemExit, match=str(next(iter(wrong)))):
        gaussians.Config(**wrong).check()
