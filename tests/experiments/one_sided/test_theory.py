"""Tests of the synthetic games and their experiment."""

import dataclasses
import json

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import minmax_jax as mm
from experiments.one_sided.theory import __main__ as command
from experiments.one_sided.theory import games
from experiments.one_sided.theory import run as runs
from experiments.one_sided.theory.config import SCHEDULES, Config

THEORY = Config(
    steps=60,
    seeds=2,
    tune_seeds=1,
    horizons=8,
    noises=(0.0,),
    games=("resonance",),
    methods=("extragradient", "adam_gda"),
)


def points(count, spread):
    keys = jax.random.split(jax.random.key(0), 2)
    return mm.Players(*(spread * jax.random.normal(k, (count, games.DIMENSION)) for k in keys))


def inner(name, z, solution):
    field = jax.vmap(games.GAMES[name]().field_fn)(z)
    along_x = jnp.sum(field.min * (z.min - solution.min), axis=-1)
    return along_x, along_x + jnp.sum(field.max * (z.max - solution.max), axis=-1)


@pytest.mark.parametrize("name", ["drift", "resonance"])
def test_games_satisfy_only_the_one_sided_mvi(name):
    zero = mm.Players(jnp.zeros(8), jnp.zeros(8))
    assert np.all(inner(name, points(2000, 3.0), zero)[0] >= -1e-4)
    for solution in points(5, 10.0).max:  # any y*, with the only possible x*
        z = mm.Players(jnp.zeros((1, 8)), solution[None] + 20)
        assert inner(name, z, mm.Players(zero.min, solution))[1][0] < 0


def test_neither_satisfies_no_mvi():
    for solution in (jnp.zeros(8), jnp.ones(8)):
        one_sided = inner("neither", points(500, 3.0), mm.Players(solution, jnp.zeros(8)))[0]
        assert 0.3 < np.mean(one_sided >= 0) < 0.7


def test_lipschitz_constants_of_drift_are_valid_and_nearly_tight():
    game = games.drift()

    def jacobian(z):
        of_x = jax.jacobian(lambda z: game.field_fn(z).min)(z)
        return jnp.linalg.norm(of_x.min, 2), jnp.linalg.norm(jnp.hstack(of_x), 2)

    near = points(2000, 1.0)
    near = mm.Players(0.2 * near.min, jnp.pi / 2 + 0.2 * near.max)
    in_x, in_xy = jax.jit(jax.vmap(jacobian))(near)
    assert 0.9 * games.DRIFT_LIPSCHITZ_X < in_x.max() <= games.DRIFT_LIPSCHITZ_X
    assert in_xy.max() <= games.DRIFT_LIPSCHITZ_XY


@pytest.fixture(scope="module")
def theory_runs(tmp_path_factory):
    return str(tmp_path_factory.mktemp("theory"))


@pytest.fixture(scope="module")
def theory_result(theory_runs):
    config = dataclasses.replace(THEORY, runs=theory_runs)
    return json.loads(json.dumps(runs.run(config), allow_nan=False))


def test_run_resumes_from_finished_parts(theory_result, theory_runs, monkeypatch):
    monkeypatch.delattr(runs, "sweep")
    config = dataclasses.replace(THEORY, runs=theory_runs)
    assert json.loads(json.dumps(runs.run(config)["games"])) == theory_result["games"]
    with pytest.raises(ValueError, match=r"configuration; choose another --runs.*seeds: 2 -> 3"):
        runs.run(dataclasses.replace(config, seeds=3))


def test_extragradient_stalls_at_resonance_unless_dual_decays(theory_result):
    found = theory_result["games"]["resonance"]["extragradient"]
    stuck, free = (found[schedule]["0"]["min"]["median"] for schedule in SCHEDULES)
    assert stuck[-1] > 0.9 * stuck[0]
    assert free[-1] < 0.5 * free[0]
    for schedule in SCHEDULES:
        assert max(found[schedule]["bound"]["largest_ratio"]) < 1


def test_command_redraws_figure_from_json(tmp_path, theory_result, monkeypatch, capsys):
    monkeypatch.setattr(command, "run", lambda config: theory_result)
    command.main(THEORY, out=tmp_path)
    (tmp_path / "theory.png").unlink()
    monkeypatch.delattr(command, "run")
    command.main(THEORY, out=tmp_path, redraw=True)
    assert (tmp_path / "theory.png").stat().st_size > 10_000
    assert "| extragradient | dual decay | 0 |" in capsys.readouterr().out


@pytest.mark.parametrize(("game", "chosen"), [("drift", 1), ("neither", 2)])
def test_rates_that_lead_away_from_the_solution_are_left_out(game, chosen):
    config = dataclasses.replace(THEORY, games=(game,))
    shape = (9, len(SCHEDULES), 1, 3, len(runs.horizons_of(config)))
    ones = np.ones(shape)
    gradients = np.arange(9.0, 0, -1)[:, None, None, None, None] * ones
    gradients[3:] = np.nan
    distances = ones.copy()
    distances[2, ..., 1:] = 1.1  # At this learning rate the gradient is smallest, but x leaves x*.
    averages = {"min": gradients, "max": ones, "moved": ones, "distance": distances}
    found = runs.summarize(config, game, "sgda", averages)
    for schedule in SCHEDULES:
        cell = found[schedule]["0"]
        assert cell["rate"] == runs.learning_rates_of("sgda")[chosen]
        assert not cell["at_edge"] and cell["ends"] == [9.0 - chosen] * 2
