"""Tests of the check of greedy's ends on F1 and F3."""

import dataclasses
import json

import jax
import jax.numpy as jnp
import pytest

import minmax_jax as mm
from experiments.greedy.endpoints import __main__ as command
from experiments.greedy.endpoints import check, table
from experiments.greedy.endpoints.config import Config

TINY = Config(seeds=2, proposals=40, check_proposals=50, gda_steps=5)


def test_conditions_hold_at_min_max_point_and_fail_away_from_it():
    game = mm.games.keswani("F1")
    measure = jax.jit(lambda z: check.conditions(TINY, game, z, jax.random.key(0)))
    gradient, omega = measure(mm.Players(jnp.zeros(()), jnp.zeros(())))
    assert gradient == 0 and omega == 0
    gradient, omega = measure(mm.Players(jnp.asarray(3.0), jnp.asarray(6.0)))
    assert gradient == 0
    assert omega == pytest.approx(0.5, abs=0.2)  # max_y F1 = x²: steps towards 0 improve.


def test_conditions_count_an_improvement_only_after_the_ascent():
    game = mm.games.keswani("F1")
    point = mm.Players(jnp.asarray(0.0), jnp.asarray(0.0))
    assert game.payoff_fn(mm.Players(jnp.asarray(0.5), jnp.asarray(0.0))) < -0.5
    assert check.conditions(TINY, game, point, jax.random.key(1))[1] == 0


def test_equilibria_need_both_conditions():
    config = dataclasses.asdict(TINY)
    found = {"gradient": [0.0005, 0.0005, 0.01], "omega": [0.01, 0.2, 0.01]}
    assert table.equilibria(config, found) == (1, 3)


@pytest.mark.slow
def test_command_writes_record_tables_and_figures(tmp_path, capsys):
    command.main(TINY, out=tmp_path)
    printed = capsys.readouterr().out
    found = json.loads((tmp_path / "endpoints.json").read_text())["functions"]["F3"]
    assert len(found["rules"]["falling"]["x"]) == 2 and len(found["controls"]["gda"]["x"]) == 1
    assert "| F1 | never without a test, stop after 20 rejections |" in printed
    assert all(
        (tmp_path / f"{name}.png").stat().st_size > 5_000 for name in ("rules", "equilibria")
    )
