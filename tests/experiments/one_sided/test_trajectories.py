"""Tests of training runs with snapshots."""

import dataclasses
import math

import chex
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from experiments._shared.time_limit import TimeLimit, TimeLimitReached
from experiments.one_sided.methods import METHODS
from experiments.one_sided.mvi import run as mvi
from experiments.one_sided.trajectories import problems, snapshots
from experiments.one_sided.trajectories.config import make_problem
from experiments.one_sided.trajectories.training import advance_fn, train

NO_LIMIT = TimeLimit(math.inf)


def test_resume_after_time_limit_is_bitwise_identical(small, measured, tmp_path):
    problem = make_problem(small)
    resumed = dataclasses.replace(small, runs=str(tmp_path))
    with pytest.raises(TimeLimitReached):
        train(resumed, problem, "adam_gda", True, TimeLimit(0))
    train(resumed, problem, "adam_gda", True, NO_LIMIT)
    ends = [snapshots.last(config, problem, "adam_gda", True) for config in (small, resumed)]
    chex.assert_trees_all_equal(*ends)


def test_train_continues_from_the_first_snapshot(small, tmp_path):
    problem = make_problem(small)
    config = dataclasses.replace(small, runs=str(tmp_path))
    train(config, problem, "adam_gda", False, NO_LIMIT)
    folder = snapshots.folder_of(config, "adam_gda", False)
    end = (folder / "0000040.npz").read_bytes()
    steps = snapshots.snapshot_steps(config.steps)
    interrupted = dataclasses.replace(config, runs=str(tmp_path / "interrupted"))
    with pytest.raises(TimeLimitReached):
        train(interrupted, problem, "adam_gda", False, TimeLimit(0))
    assert not (snapshots.folder_of(interrupted, "adam_gda", False) / "0000040.npz").exists()
    train(interrupted, problem, "adam_gda", False, NO_LIMIT)
    assert (snapshots.folder_of(interrupted, "adam_gda", False) / "0000040.npz").read_bytes() == end
    assert len(steps) == len(list(folder.glob("00*.npz")))


def test_train_raises_if_folder_has_another_configuration(small, measured):
    other = dataclasses.replace(small, seeds=3)
    with pytest.raises(ValueError, match=r"configuration; choose another --runs.*seeds: 2 -> 3"):
        train(other, make_problem(other), "adam_gda", False, NO_LIMIT)


def test_mvi_raises_if_a_run_is_not_finished(small):
    other = dataclasses.replace(small, preset="dirac-penalty")
    with pytest.raises(FileNotFoundError, match=r"run python -m experiments\.one_sided\.norms"):
        mvi.run(other)


@pytest.mark.parametrize(
    "fields",
    [
        {"loss": "saturating"},
        pytest.param({}, marks=pytest.mark.slow),
        pytest.param({"network": "dcgan"}, marks=pytest.mark.slow),
    ],
)
def test_advance_trains_networks_of_the_trainer(fields, tmp_path):
    problem = problems.networks("digits", width=4, latent_dim=3, batch_size=8, **fields)
    optimizer = METHODS["adam_gda"](problem.learning_rates("adam_gda"))
    players = jax.tree.map(lambda *x: jnp.stack(x), problem.start(0), problem.start(1))
    state = snapshots.RunState(
        players, jax.vmap(optimizer.init)(players), players.min, jnp.zeros((), int)
    )
    after = advance_fn(problem, optimizer, 2)(state, 2)
    assert int(after.step) == 2
    moved = jax.tree.map(lambda a, b: jnp.abs(a - b).max(), after.players, players)
    assert all(float(x) > 0 for x in jax.tree.leaves(moved))
    z, key = problem.start(0), jax.random.key(0)
    same = fields.get("loss") == "saturating"
    pairs = [jax.tree.leaves(f(z, key).min) for f in (problem.descended, problem.saturating)]
    assert same == all(np.allclose(a, b, atol=1e-6) for a, b in zip(*pairs, strict=True))
