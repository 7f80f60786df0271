"""Tests of the experiment on four Gaussians."""

import json

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import minmax_jax as mm
from experiments.greedy.gaussians import __main__ as command
from experiments.greedy.gaussians import figure as gaussians_figure
from experiments.greedy.gaussians import game, script, training
from experiments.greedy.gaussians import run as gaussians_run
from experiments.greedy.gaussians import table as gaussians_table
from experiments.greedy.gaussians.config import Config
from experiments.greedy.gaussians.methods import LIMIT, METHODS, PUBLISHED
from minmax_jax import gan

SMALL = game.Sizes(batch=16, latent=4, width=8)


@pytest.mark.parametrize("mixture", game.WEIGHTS)
def test_real_samples_have_weights_and_spread_of_mixture(mixture):
    weights = game.WEIGHTS[mixture]
    assert sum(weights) == pytest.approx(1)
    points = game.real(game.Sizes(batch=20_000), jnp.asarray(weights), jax.random.key(0))
    near, close = np.asarray(game.shares(points))
    np.testing.assert_allclose(near, weights, atol=0.02)
    np.testing.assert_allclose(close, 0.989 * np.asarray(weights), atol=0.02)  # 1 − e^{−9/2}


def test_start_has_orthogonal_weights_with_gain():
    w = game.start(game.Sizes(), jax.random.key(0)).min[1]["w"]
    np.testing.assert_allclose(w.T @ w, 0.64 * np.eye(128), atol=1e-5)


def test_modes_counts_shares_from_five_percent():
    def run(shares):
        return {"shares": [[shares, [0.0] * 4]]}

    found = [run([0.05, 0.049, 0.5, 0.4]), run([0.0, 0.0, 0.0, 1.0])]
    assert gaussians_table.modes(found, 0).tolist() == [3, 1]
    assert gaussians_table.modes(found, 1).tolist() == [0, 0]
    assert gaussians_table.percentages(np.array([3, 1])) == "0 / 50 / 0 / 50 / 0"


@pytest.mark.parametrize("method", METHODS)
def test_cells_are_nine_and_contain_published_learning_rates(method):
    cells = METHODS[method].cells()
    assert len(set(cells)) == 9
    assert (tuple(PUBLISHED) in cells) == (method != "nsgda")


@pytest.mark.parametrize(
    "method", [pytest.param(m, marks=[pytest.mark.slow] * (m != "ours")) for m in METHODS]
)
def test_run_one_is_reproducible_for_every_method(method, monkeypatch):
    monkeypatch.setattr(training, "EVERY", 3)
    training.program.cache_clear()
    rates = METHODS[method].cells()[0]
    runs = [
        training.run_one(method, SMALL, "fresh", rates, "stated", seed=0, num_steps=6)
        for _ in range(2)
    ]
    training.program.cache_clear()
    assert runs[0] == runs[1]
    assert np.asarray(runs[0]["shares"]).shape == (2, 2, 4)
    assert np.isfinite(runs[0]["clouds"]).all()
    assert ("acceptance_rate" in runs[0]) == method.startswith(("ours", "script"))


def test_omd_keeps_weights_clipped(monkeypatch):
    monkeypatch.setattr(training, "EVERY", 3)
    training.program.cache_clear()
    begin, advance = training.program("omd", SMALL, "common")
    training.program.cache_clear()
    rates, key = mm.Players(0.1, 0.1), jax.random.key(0)
    z, state = begin(rates, key)
    z, *_ = advance(rates, jnp.asarray(game.WEIGHTS["equal"]), key, z, state, 0)
    assert max(float(jnp.abs(leaf).max()) for leaf in jax.tree.leaves(z.max)) <= LIMIT + 1e-7


def fake(method, sizes, draws, rates, mixture, seed, steps):
    """Returns a run that reaches as many modes as its seed, modulo 5."""
    shares = [0.2 if i < seed % 5 else 0.0 for i in range(4)]
    cloud = [[0.0, 1.0], [1.0, 0.0]]
    return {
        "seed": seed,
        "rates": list(rates),
        "shares": [[shares, shares]] * (steps // 100),
        "clouds": [cloud] * (steps // 100),
    }


def test_columns_are_seeds_if_several_have_samples():
    late = {"seed": 1, "clouds": {"200": [[0.0, 1.0]]}}
    first = {"seed": 0, "clouds": {"100": [[1.0, 0.0]], "200": [[0.0, 0.0]]}}
    assert list(gaussians_figure.columns([first])) == ["seed 0, update 100", "seed 0, update 200"]
    assert gaussians_figure.columns([first, late, {"seed": 2}]) == {
        "seed 0": [[0.0, 0.0]],
        "seed 1": [[0.0, 1.0]],
    }


def test_all_lines_of_a_record_of_few_methods_have_a_color(monkeypatch, tmp_path):
    drawn = []
    highlight = gaussians_figure.highlight
    monkeypatch.setattr(
        gaussians_figure,
        "highlight",
        lambda names, chosen: drawn.append(chosen) or highlight(names, chosen),
    )
    methods = ["script", "script_gda_6", "script_gda_1"]
    for present in (methods, [*METHODS]):
        runs = {method: [fake(method, None, None, (1, 1), None, 0, 200)] for method in present}
        config = {"steps": 200, "batch": 512, "draws": "fresh"}
        for run in runs.values():
            run[0]["clouds"] = {"200": [[0.0, 1.0]]}
        gaussians_figure.draw({"config": config, "groups": {"published": runs}}, tmp_path)
    assert drawn == [methods, [m for m in METHODS if m in gaussians_figure.HIGHLIGHTED]]


def test_methods_as_published_run_only_if_named():
    left = {"ours_independent", "ours_as_published", "script", "script_gda_6", "script_gda_1"}
    assert set(METHODS) - set(Config().methods) == left


class Adam:
    """Adam with b1 = 0.5 in plain Python."""

    def __init__(self, rate):
        self.rate, self.count, self.m, self.v = rate, 0, 0.0, 0.0

    def __call__(self, value, slope):
        self.count += 1
        self.m, self.v = 0.5 * self.m + 0.5 * slope, 0.999 * self.v + 0.001 * slope**2
        m, v = self.m / (1 - 0.5**self.count), self.v / (1 - 0.999**self.count)
        return value - self.rate * m / (v**0.5 + 1e-8)


@pytest.mark.parametrize(("num_steps", "accept_every"), [(1, 1), (3, 1), (3, 4), (1, 2)])
def test_script_takes_the_steps_of_the_published_loop(num_steps, accept_every):
    def loss(x, y, draw):
        return x * y + 0.1 * draw * jnp.sin(5 * x) - y**2

    def field_fn(z, draw=0):
        return mm.Players(z.min - 0.3 * draw, z.max + 0.2 * draw - z.min)

    tx = script.published_script(mm.Players(0.1, 0.2), num_steps, accept_every)
    z = mm.Players(jnp.asarray(1.0), jnp.asarray(-0.5))
    state, rejected = tx.init(z), 0
    x, y, best, x_adam, y_adam = 1.0, -0.5, 1e7, Adam(0.1), Adam(0.2)
    for i in range(12):
        updates, state = tx.update(
            field_fn(z), state, z, field_fn=field_fn, payoff_fn=lambda z, draw=0: loss(*z, draw)
        )
        z = mm.Players(*(a + b for a, b in zip(z, updates, strict=True)))
        old_x = x
        # One run of the session takes both first steps, the others a step of D and its loss.
        fields, new_loss = field_fn(mm.Players(x, y)), loss(x, y, 0)
        x, y = x_adam(x, fields.min), y_adam(y, fields.max)
        for draw in range(1, num_steps):
            new_loss = loss(x, y, draw)
            y = y_adam(y, field_fn(mm.Players(x, y), draw).max)
        if i % accept_every and new_loss > best:
            x, rejected = old_x, rejected + 1
        best = new_loss
        np.testing.assert_allclose([float(side) for side in z], [x, y], atol=1e-4)
    assert int(state.accepted) == 12 - rejected
    assert (rejected > 0) == (accept_every > 1)


@pytest.mark.slow
def test_command_tunes_runs_resumes_and_redraws_all_groups(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(gaussians_run, "run_one", fake)
    config = Config(runs=str(tmp_path / "runs"), seeds=5, methods=("gda_1", "nsgda"), tune_seeds=2)
    command.main(config, out=tmp_path)
    result = json.loads((tmp_path / "gaussians.json").read_text())
    assert {g: list(found) for g, found in result["groups"].items()} == {
        "published": ["gda_1"],
        "tuned": ["gda_1", "nsgda"],
        "equal": ["gda_1", "nsgda"],
    }
    for cells in result["tuning"].values():
        assert sorted(len(cell["scores"]) for cell in cells) == [1] * 6 + [2] * 3
    text = capsys.readouterr().out
    assert "20 / 20 / 20 / 20 / 20 | 1/5 [0.04, 0.62]" in text

    def never(*args):
        raise AssertionError("a finished run was repeated")

    monkeypatch.setattr(gaussians_run, "run_one", never)
    command.main(config, out=tmp_path)
    command.main(config, out=tmp_path, redraw=True)
    for name in ("gaussians", "published", "tuned", "equal"):
        assert (tmp_path / f"{name}.png").stat().st_size > 5_000


def test_coverage_is_covered_share_of_mixture():
    weights, centers = game.WEIGHTS["stated"], np.asarray(game.CENTERS)
    mixture = np.repeat(centers, [4, 2, 2, 2], axis=0)
    assert gaussians_run.coverage(mixture, weights) == pytest.approx(1)
    assert gaussians_run.coverage(centers[:1], weights) == pytest.approx(0.4)  # one mode
    assert gaussians_run.coverage(centers[1:2], weights) == pytest.approx(0.2)
    assert gaussians_run.coverage(mixture + 0.2, weights) == pytest.approx(0.5)  # within 0.3
    assert gaussians_run.coverage(mixture + 2.0, weights) == 0


def test_best_cell_has_run_with_all_tuning_seeds():
    cells = [
        {"rates": [1, 1], "scores": [0.9]},
        {"rates": [1, 2], "scores": [0.8, 0.2]},
        {"rates": [2, 1], "scores": [0.7, 0.6]},
    ]
    assert gaussians_run.best(cells)["rates"] == [2, 1]


@pytest.mark.parametrize(
    "wrong", [{"steps": 150}, {"methods": ("sgdx",)}, {"groups": ("x",)}, {"draws": "one"}]
)
def test_check_raises_for_invalid_values(wrong):
    with pytest.raises(gan.ConfigError, match=str(next(iter(wrong)))):
        Config(**wrong).check()
