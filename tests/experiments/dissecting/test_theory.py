import dataclasses
import json
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import minmax_jax as mm
from experiments.dissecting.theory import __main__ as command
from experiments.dissecting.theory import conditions_figure, config, figure, paths, statistics
from experiments.dissecting.theory import run as runs
from experiments.dissecting.theory import sweep as sweeps
from experiments.dissecting.theory.config import METHODS, Setting
from minmax_jax import games

TINY = Setting(dimension=40, seeds=2, steps=20, grid=2)


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """Runs the command with one small setting; returns the folder."""
    folder = tmp_path_factory.mktemp("theory")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(runs, "studies", lambda: {"phase": {"40": TINY}})
        command.main(command.Config(), out=folder)
    return folder


def test_every_run_of_the_grid_has_an_outcome(results):
    methods = json.loads((results / "phase-40.json").read_text())["methods"]
    assert list(methods) == ["sgda", "nsgda"]
    for found in methods.values():
        cells = [cell for row in found["outcomes"] for cell in row]
        assert [len(cell) for cell in cells] == [2] * 4
        assert sum(statistics.outcome_shares(found).values()) == pytest.approx(1)
        assert statistics.whole_grid(found).runs == 8


@pytest.mark.slow
def test_observe_evaluates_sparse_latents_in_both_ways():
    """Tests two of ten latents at modes: 20 % of one-hot z, hardly any sparse z."""
    v = jnp.array([(1.0, 0.0), (0.3, 0.91**0.5), *[(-5.0, 0.0)] * 8])
    w, zero = jnp.zeros((7, 2)), jnp.zeros(())
    players = mm.Players(min={"v": v}, max={"w": w, "a": zero, "b": zero})
    seen = sweeps.observe(Setting(latents="sparse", batch_size=3), players)
    ends = [games.OUTCOMES[int(seen[name])] for name in ("outcome", "outcome_of_sparse")]
    assert ends == ["both", "noise"]


def test_run_skips_settings_with_results(results, monkeypatch):
    monkeypatch.setattr(runs, "studies", lambda: {"phase": {"40": TINY}})
    monkeypatch.delattr(runs, "sweep")
    runs.run((), results)
    with pytest.raises(NameError):
        runs.run((), results / "new")


def test_run_fails_if_result_has_another_setting(results, monkeypatch, capsys):
    longer = dataclasses.replace(TINY, steps=30)
    monkeypatch.setattr(runs, "studies", lambda: {"phase": {"40": longer}})
    with pytest.raises(SystemExit, match="2"):
        runs.run((), results)
    assert "another steps" in capsys.readouterr().err


def test_command_fails_for_unknown_study_or_missing_results(tmp_path, capsys):
    with pytest.raises(SystemExit, match="2"):
        command.main(command.Config(only=("lamda",)), out=tmp_path)
    with pytest.raises(SystemExit, match="2"):
        command.main(command.Config(), redraw=True, out=tmp_path)
    only, out = capsys.readouterr().err.splitlines()
    assert "no study lamda" in only
    assert "contains no results" in out


def test_command_redraws_figures_and_table_from_json(results, monkeypatch, capsys):
    (results / "phase.png").unlink()
    monkeypatch.delattr(command, "run")
    command.main(command.Config(), redraw=True, out=results)
    assert (results / "phase.png").stat().st_size > 10_000
    assert "CPU time" in capsys.readouterr().out


def test_draw_draws_every_figure_from_sweeps_and_paths(results, tmp_path, monkeypatch):
    """Tests which figures exist, with one small sweep under every name."""
    two = json.loads((results / "phase-40.json").read_text())
    found = two["methods"]["nsgda"]
    assert paths.paths(results, 40) is None  # The sweep with norms per leaf is missing.
    monkeypatch.setattr(paths, "STEPS", 20)
    course = paths.follow(dataclasses.replace(TINY, steps=20), "nsgda", found)
    assert len(course["pace"]["median"]) == len(paths.times()) == 20
    names = ("phase-1000", "phase-100", "linear-4.0", *conditions_figure.LOSSES)
    every: dict[str, Any] = dict.fromkeys(names, two)
    every["betas-exact"] = {**two, "methods": dict.fromkeys(config.VARIANTS, found)}
    every["lambda-1.0"] = {**two, "setting": {**two["setting"], "scale": 1.0}}
    every["methods-100"] = {**two, "methods": dict.fromkeys(METHODS, found)}
    every["paths-100"] = {
        "steps": paths.times().tolist(),
        "seeds": 2,
        "methods": dict.fromkeys(METHODS, course),
    }
    drawn = figure.draw(every, tmp_path)
    files = ["phase", "scale", "loss", "conditions", "betas", "methods"]
    assert [path.stem for path in drawn] == files


@pytest.mark.slow
def test_nsgda_finds_both_modes_where_sgda_does_not():
    setting = Setting(dimension=100, seeds=4, steps=2000, rates_min=(0.0052,), rates_max=(0.14,))
    share = {
        name: statistics.whole_grid(sweeps.sweep(setting, name)).value for name in setting.methods
    }
    assert share["sgda"] == 0
    assert share["nsgda"] >= 0.5


def test_letters_match_outcomes():
    assert "".join(statistics.OUTCOMES) == sweeps.LETTERS
    assert len(games.OUTCOMES) == len(sweeps.LETTERS)
    assert [games.OUTCOMES[sweeps.LETTERS.index(x)] for x in "BD"] == ["both", "diverged"]


def test_learning_rates_span_decades_of_method():
    for name, method in METHODS.items():
        rates = sweeps.learning_rates(Setting(), name)
        assert len(rates.min) == len(rates.max) == 8
        ends = np.log10([rates.min[0], rates.min[-1], rates.max[0], rates.max[-1]])
        np.testing.assert_allclose(ends, [*method.decades.min, *method.decades.max], atol=1e-12)
    assert sweeps.learning_rates(Setting(rates_min=(0.5,)), "nsgda").min.tolist() == [0.5]


def test_starts_are_in_span_for_methods_that_rotate():
    for name, width in (("nsgda", 19), ("adam", 40)):
        assert sweeps.starts(TINY, name).max["w"].shape == (2, 7, width)
    assert set(config.FULL) == {"adam", "ada_nsgda", "ada_dir", "adam_default"}


def test_split_covers_all_runs_in_parts_of_equal_size():
    runs = [np.arange(10), -np.arange(10)]
    parts = list(sweeps.split(runs, 4))
    assert {len(axis) for part in parts for axis in part} == {4}
    assert np.concatenate([part[0] for part in parts])[:10].tolist() == list(range(10))
    assert parts[-1][1].tolist() == [-8, -9, -9, -9]


@pytest.mark.slow
def test_one_run_matches_solve():
    setting = dataclasses.replace(TINY, batch_size=5, steps=7)
    with jax.enable_x64(True):
        starts = sweeps.starts(setting, "nsgda")
        seen = sweeps.one_run(setting, "nsgda")(0.1, 0.01, 1, starts)
        game = config.make_game(setting, 1)
        assert game.start is not None
        players = mm.solve(
            mm.nsgda(mm.Players(min=0.01, max=0.1), scope="global"),
            game.field_fn,
            games.modes_span(game.start),
            7,
            key=jax.random.fold_in(jax.random.key(7), 1),
        ).players
        expected = games.modes_fake_probability(players)
    np.testing.assert_allclose(seen["fake_probability"], expected, rtol=1e-10)


def grid_of(*rows):
    rates = [0.1, 1.0, 10.0]
    return {"rates_max": rates[: len(rows)], "rates_min": rates[: len(rows[0])], "outcomes": rows}


def test_held_out_chooses_on_one_half_and_reports_the_other():
    found = grid_of(["BBNN", "BNBB"], ["NNBB", "NNNN"])
    best = statistics.held_out(found)
    assert (best.rate_max, best.rate_min, best.share[:2]) == (0.1, 0.1, (0, 2))
    assert statistics.in_sample(found).share[:2] == (3, 4)
    assert statistics.any_cell(found)[:2] == (4, 4)
    assert statistics.whole_grid(found)[:2] == (7, 16)


def test_best_cell_breaks_ties_by_neighbors_then_center_distance():
    neighbors = grid_of(["BB", "NN", "BB"], ["NN", "NN", "BN"], ["NN", "NN", "NN"])
    assert statistics.in_sample(neighbors)[:2] == (0.1, 10.0)
    nothing = grid_of(*[["NN"] * 3] * 3)
    assert statistics.held_out(nothing)[:2] == (1.0, 1.0)
