"""The one-sided experiments at tiny sizes, and what their games claim."""

import dataclasses
import json

import chex
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import minmax_jax as mm
from experiments.one_sided.methods import COLOURS, METHODS
from experiments.one_sided.mvi import __main__ as mvi
from experiments.one_sided.norms import __main__ as norms
from experiments.one_sided.theory import __main__ as theory
from experiments.one_sided.theory import games
from experiments.one_sided.theory import sweep as theory_sweep
from experiments.one_sided.trajectories import problems, trajectory

THEORY = theory_sweep.Config(
    steps=60, seeds=2, tune_seeds=1, horizons=8, noises=(0.0,), games=("resonance",),
    methods=("extragradient", "adam_gda"),
)  # fmt: skip


def points(count, spread):
    keys = jax.random.split(jax.random.key(0), 2)
    return mm.Players(*(spread * jax.random.normal(k, (count, games.DIMENSION)) for k in keys))


def inner(name, z, solution):
    field = jax.vmap(games.GAMES[name]().field_fn)(z)
    along_x = jnp.sum(field.min * (z.min - solution.min), axis=-1)
    return along_x, along_x + jnp.sum(field.max * (z.max - solution.max), axis=-1)


@pytest.mark.parametrize("name", ["drift", "resonance"])
def test_games_satisfy_the_one_sided_condition_and_not_the_two_sided_one(name):
    zero = mm.Players(jnp.zeros(8), jnp.zeros(8))
    assert np.all(inner(name, points(2000, 3.0), zero)[0] >= -1e-4)
    for solution in points(5, 10.0).max:  # any y*, with the only x* that could serve
        z = mm.Players(jnp.zeros((1, 8)), solution[None] + 20)
        assert inner(name, z, mm.Players(zero.min, solution))[1][0] < 0


def test_the_control_satisfies_neither():
    for solution in (jnp.zeros(8), jnp.ones(8)):
        one_sided = inner("neither", points(500, 3.0), mm.Players(solution, jnp.zeros(8)))[0]
        assert 0.3 < np.mean(one_sided >= 0) < 0.7


def test_lipschitz_constants_of_drift_are_right_and_not_generous():
    game = games.drift()

    def jacobian(z):
        of_x = jax.jacobian(lambda z: game.field_fn(z).min)(z)
        return jnp.linalg.norm(of_x.min, 2), jnp.linalg.norm(jnp.hstack(of_x), 2)

    near = points(2000, 1.0)
    near = mm.Players(0.2 * near.min, jnp.pi / 2 + 0.2 * near.max)
    apart, together = jax.jit(jax.vmap(jacobian))(near)
    assert 0.9 * games.DRIFT_LIPSCHITZ_APART < apart.max() <= games.DRIFT_LIPSCHITZ_APART
    assert together.max() <= games.DRIFT_LIPSCHITZ_TOGETHER


@pytest.fixture(scope="module")
def theory_runs(tmp_path_factory):
    return str(tmp_path_factory.mktemp("theory"))


@pytest.fixture(scope="module")
def theory_result(theory_runs):
    config = dataclasses.replace(THEORY, runs=theory_runs)
    return json.loads(json.dumps(theory.run(config), allow_nan=False))


def test_theory_goes_on_from_its_finished_parts(theory_result, theory_runs, monkeypatch):
    monkeypatch.delattr(theory, "sweep")
    config = dataclasses.replace(THEORY, runs=theory_runs)
    assert json.loads(json.dumps(theory.run(config)["games"])) == theory_result["games"]
    with pytest.raises(ValueError, match="another configuration; give another --runs"):
        theory.run(dataclasses.replace(config, seeds=3))


def test_at_the_resonance_extragradient_never_moves_unless_the_dual_rate_decays(theory_result):
    found = theory_result["games"]["resonance"]["extragradient"]
    stuck, free = (found[schedule]["0"]["min"]["median"] for schedule in theory_sweep.SCHEDULES)
    assert stuck[-1] > 0.9 * stuck[0]
    assert free[-1] < 0.5 * free[0]
    for schedule in theory_sweep.SCHEDULES:
        assert max(found[schedule]["bound"]["largest_ratio"]) < 1


def test_theory_is_redrawn_from_the_json_alone(tmp_path, theory_result, monkeypatch, capsys):
    monkeypatch.setattr(theory, "run", lambda config: theory_result)
    theory.main(THEORY, out=tmp_path)
    (tmp_path / "theory.png").unlink()
    monkeypatch.delattr(theory, "run")
    theory.main(THEORY, out=tmp_path, redraw=True)
    assert (tmp_path / "theory.png").stat().st_size > 10_000
    assert "| extragradient | dual decay | 0 |" in capsys.readouterr().out


def test_every_method_has_a_colour_of_its_own():
    assert len(set(COLOURS.values())) == len(METHODS)


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    return trajectory.Config(
        preset="dirac", methods=("adam_gda",), seeds=2, steps=40,
        runs=str(tmp_path_factory.mktemp("runs")),
    )  # fmt: skip


@pytest.fixture(scope="module")
def measured(small):
    """Norms, then the condition on the same snapshots."""
    return norms.run(small), mvi.run(small)


def test_a_run_in_pieces_is_the_run_in_one(small, measured, tmp_path):
    problem = trajectory.make_problem(small)
    pieces = dataclasses.replace(small, runs=str(tmp_path), piece_seconds=1e-9)
    assert not trajectory.train(pieces, problem, "adam_gda", True)
    whole = dataclasses.replace(pieces, piece_seconds=0)
    assert trajectory.train(whole, problem, "adam_gda", True)
    ends = [trajectory.last(config, problem, "adam_gda", True) for config in (small, whole)]
    chex.assert_trees_all_equal(*ends)


def test_a_piece_goes_on_from_its_snapshot(small, tmp_path):
    problem = trajectory.make_problem(small)
    config = dataclasses.replace(small, runs=str(tmp_path))
    trajectory.train(config, problem, "adam_gda", False)
    folder = trajectory.folder_of(config, "adam_gda", False)
    end = (folder / "0000040.npz").read_bytes()
    # Back to a broken run: the state of the middle, and nothing after it.
    steps = trajectory.snapshot_steps(config.steps)
    broken = dataclasses.replace(config, runs=str(tmp_path / "broken"), piece_seconds=1e-9)
    assert not trajectory.train(broken, problem, "adam_gda", False)
    assert not (trajectory.folder_of(broken, "adam_gda", False) / "0000040.npz").exists()
    trajectory.train(dataclasses.replace(broken, piece_seconds=0), problem, "adam_gda", False)
    assert (trajectory.folder_of(broken, "adam_gda", False) / "0000040.npz").read_bytes() == end
    assert len(steps) == len(list(folder.glob("00*.npz")))


def test_runs_of_another_configuration_are_refused(small, measured):
    other = dataclasses.replace(small, seeds=3)
    with pytest.raises(ValueError, match="another configuration; give another --runs"):
        trajectory.train(other, trajectory.make_problem(other), "adam_gda", False)


def test_the_snapshots_of_an_unfinished_run_are_asked_for(small):
    other = dataclasses.replace(small, preset="dirac-penalty")
    with pytest.raises(FileNotFoundError, match=r"run python -m experiments\.one_sided\.norms"):
        mvi.run(other)


def test_norms_of_a_deterministic_game_are_its_field_s(small, measured):
    found = measured[0]["runs"]["adam_gda, constant"]
    problem = trajectory.make_problem(small)
    for seed in range(2):
        field = mm.diagnostics.player_norms(problem.descended(problem.start(seed)))
        for side in ("min", "max"):
            seen = found["descended"][side]
            np.testing.assert_allclose(
                seen["corrected"][seed][0], getattr(field, side) ** 2, rtol=1e-3
            )
            np.testing.assert_allclose(seen["corrected"][seed], seen["raw"][seed], rtol=1e-2)


def test_slope_of_a_power_law_is_its_exponent():
    steps = list(range(0, 1001, 50))
    square = np.array([[np.nan if t == 0 else 3.0 * t**-1.0 for t in steps]] * 3)
    square[:, 0] = 1.0
    zero = mm.Players(np.zeros_like(square), np.zeros_like(square))
    floor = mm.diagnostics.NoiseFloor(zero, mm.Players(square, square), zero, zero)
    seen = norms.slope(steps, floor, "min")
    np.testing.assert_allclose((seen["mean"], seen["low"], seen["high"]), -0.5, atol=1e-6)
    assert norms.t_interval([1.0, 2.0, 3.0])[1] == pytest.approx(2 - 4.3027 / 3**0.5, abs=1e-3)


def test_controls_are_as_far_from_the_start_as_the_end_and_mismatched_pairs_differ(small, measured):
    problem = trajectory.make_problem(small)
    held = mvi.references(small, problem, "adam_gda", False, seed=0)
    assert tuple(held) == mvi.REFERENCES
    start = problem.start(0).min
    far = [abs(float(held[name]["theta"] - start["theta"])) for name in ("own end", "random")]
    assert far[0] == pytest.approx(far[1], rel=1e-5)
    own, other = (
        list(mvi.pairs(small, problem, "adam_gda", False, 0, name))
        for name in ("own end", "mismatched")
    )
    assert [z.min for z in own] == [z.min for z in other]
    assert all(float(a.max["psi"]) != float(b.max["psi"]) for a, b in zip(own, other, strict=True))
    assert sorted(float(z.max["psi"]) for z in own) == sorted(float(z.max["psi"]) for z in other)


@pytest.mark.parametrize(("module", "index"), [(norms, 0), (mvi, 1)])
def test_figures_are_redrawn_from_the_json_alone(
    module, index, small, measured, tmp_path, monkeypatch, capsys
):
    monkeypatch.setattr(module, "run", lambda config: measured[index])
    module.main(small, out=tmp_path)
    (picture,) = tmp_path.glob("*.png")
    picture.unlink()
    monkeypatch.delattr(module, "run")
    module.main(small, out=tmp_path, redraw=True)
    assert picture.stat().st_size > 10_000
    assert "| adam_gda, constant |" in capsys.readouterr().out


@pytest.mark.parametrize(
    "fields",
    [
        {"loss": "saturating"},
        pytest.param({}, marks=pytest.mark.slow),
        pytest.param({"network": "dcgan"}, marks=pytest.mark.slow),
    ],
)
def test_networks_of_the_trainer_take_a_step(fields, tmp_path):
    problem = problems.networks("digits", width=4, latent_dim=3, batch_size=8, **fields)
    optimizer = METHODS["adam_gda"](problem.rates("adam_gda"))
    players = jax.tree.map(lambda *x: jnp.stack(x), problem.start(0), problem.start(1))
    state = trajectory._State(
        players, jax.vmap(optimizer.init)(players), players.min, jnp.zeros((), int)
    )
    after = trajectory.advance_fn(problem, optimizer, 2)(state, 2)
    assert int(after.step) == 2
    moved = jax.tree.map(lambda a, b: jnp.abs(a - b).max(), after.players, players)
    assert all(float(x) > 0 for x in jax.tree.leaves(moved))
    z, key = problem.start(0), jax.random.key(0)
    same = fields.get("loss") == "saturating"
    pairs = [jax.tree.leaves(f(z, key).min) for f in (problem.descended, problem.saturating)]
    assert same == all(np.allclose(a, b, atol=1e-6) for a, b in zip(*pairs, strict=True))
