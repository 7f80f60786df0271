import dataclasses
import json
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import minmax_jax as mm
from experiments.dissecting.theory import __main__ as theory
from experiments.dissecting.theory import config as theory_settings
from experiments.dissecting.theory import figure as theory_figure
from experiments.dissecting.theory import paths as theory_paths
from experiments.dissecting.theory import statistics as theory_statistics
from experiments.dissecting.theory import sweep as sweeps
from experiments.dissecting.theory.config import METHODS, Setting
from minmax_jax import games

TINY = Setting(dimension=40, seeds=2, steps=20, grid=2)


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """A folder with one tiny setting, made by the command."""
    folder = tmp_path_factory.mktemp("theory")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(theory, "studies", lambda: {"phase": {"40": TINY}})
        theory.main(theory.Config(out=folder))
    return folder


def test_every_run_of_the_grid_has_an_outcome(results):
    methods = json.loads((results / "phase-40.json").read_text())["methods"]
    assert list(methods) == ["sgda", "nsgda"]
    for found in methods.values():
        cells = [cell for row in found["outcomes"] for cell in row]
        assert [len(cell) for cell in cells] == [2] * 4
        assert sum(theory_statistics.classes(found).values()) == pytest.approx(1)
        assert theory_statistics.whole_grid(found).runs == 8


@pytest.mark.slow
def test_sparse_latents_are_judged_by_both_measures():
    """Two of ten latents at the modes: a fifth of one-hot z, hardly any of sparse z."""
    v = jnp.array([(1.0, 0.0), (0.3, 0.91**0.5), *[(-5.0, 0.0)] * 8])
    w, zero = jnp.zeros((7, 2)), jnp.zeros(())
    players = mm.Players(min={"v": v}, max={"w": w, "a": zero, "b": zero})
    seen = sweeps.observe(Setting(latents="sparse", batch_size=3), players)
    ends = [games.OUTCOMES[int(seen[name])] for name in ("outcome", "outcome_of_sparse")]
    assert ends == ["both", "noise"]


def test_a_setting_that_is_there_is_not_run_again(results, monkeypatch):
    monkeypatch.setattr(theory, "studies", lambda: {"phase": {"40": TINY}})
    monkeypatch.delattr(theory, "sweep")
    theory.run(theory.Config(out=results))
    with pytest.raises(NameError):
        theory.run(theory.Config(out=results / "new"))


def test_results_of_another_setting_are_refused(results, monkeypatch, capsys):
    longer = dataclasses.replace(TINY, steps=30)
    monkeypatch.setattr(theory, "studies", lambda: {"phase": {"40": longer}})
    with pytest.raises(SystemExit, match="2"):
        theory.run(theory.Config(out=results))
    assert "another steps" in capsys.readouterr().err


def test_an_unknown_study_and_an_empty_folder_are_refused_in_one_line(tmp_path, capsys):
    for config in (theory.Config(only=("lamda",)), theory.Config(redraw=True)):
        with pytest.raises(SystemExit, match="2"):
            theory.main(dataclasses.replace(config, out=tmp_path))
    only, out = capsys.readouterr().err.splitlines()
    assert "no study lamda" in only
    assert "no results" in out


def test_figures_and_table_are_redrawn_from_the_json_alone(results, monkeypatch, capsys):
    (results / "phase.png").unlink()
    monkeypatch.delattr(theory, "run")
    theory.main(theory.Config(redraw=True, out=results))
    assert (results / "phase.png").stat().st_size > 10_000
    assert "CPU time" in capsys.readouterr().out


def test_every_figure_draws_from_sweeps_and_paths(results, tmp_path, monkeypatch):
    """One tiny sweep under every name: which figures there are, not what they show."""
    two = json.loads((results / "phase-40.json").read_text())
    found = two["methods"]["nsgda"]
    assert theory_paths.paths(results, 40) is None  # the norm by layer is missing
    monkeypatch.setattr(theory_paths, "STEPS", 20)
    course = theory_paths.follow(dataclasses.replace(TINY, steps=20), "nsgda", found)
    assert len(course["pace"]["median"]) == len(theory_paths.times()) == 20
    every: dict[str, Any] = dict.fromkeys(("phase-1000", "phase-100", "linear-4.0"), two)
    every["lambda-1.0"] = {**two, "setting": {**two["setting"], "scale": 1.0}}
    every["methods-100"] = {**two, "methods": dict.fromkeys(METHODS, found)}
    every["paths-100"] = {
        "steps": theory_paths.times().tolist(),
        "seeds": 2,
        "methods": dict.fromkeys(METHODS, course),
    }
    drawn = theory_figure.draw(every, tmp_path)
    assert [path.name for path in drawn] == ["phase.png", "conditions.png", "methods.png"]


@pytest.mark.slow
def test_nsgda_finds_both_modes_where_sgda_does_not():
    setting = Setting(dimension=100, seeds=4, steps=2000, rates_min=(0.0052,), rates_max=(0.14,))
    share = {
        name: theory_statistics.whole_grid(sweeps.sweep(setting, name)).value
        for name in setting.methods
    }
    assert share["sgda"] == 0
    assert share["nsgda"] >= 0.5


def test_letters_stand_for_outcomes():
    assert "".join(theory_statistics.OUTCOMES) == sweeps.LETTERS
    assert len(games.OUTCOMES) == len(sweeps.LETTERS)
    assert [games.OUTCOMES[sweeps.LETTERS.index(x)] for x in "BD"] == ["both", "diverged"]


def test_every_grid_has_as_many_rates_over_the_decades_of_its_method():
    for name, method in METHODS.items():
        rates = sweeps.learning_rates(Setting(), name)
        assert len(rates.min) == len(rates.max) == 8
        ends = np.log10([rates.min[0], rates.min[-1], rates.max[0], rates.max[-1]])
        np.testing.assert_allclose(ends, [*method.decades.min, *method.decades.max], atol=1e-12)
    assert sweeps.learning_rates(Setting(rates_min=(0.5,)), "nsgda").min.tolist() == [0.5]


def test_only_what_commutes_with_rotations_runs_in_the_span():
    for name, width in (("nsgda", 19), ("adam", 40)):
        assert sweeps.starts(TINY, name).max["w"].shape == (2, 7, width)
    assert set(theory_settings.FULL) == {"adam", "ada_nsgda", "ada_dir", "adam_default"}


def test_pieces_cover_all_runs_in_order_and_are_of_one_size():
    runs = [np.arange(10), -np.arange(10)]
    pieces = list(sweeps.split(runs, 4))
    assert {len(axis) for piece in pieces for axis in piece} == {4}
    assert np.concatenate([piece[0] for piece in pieces])[:10].tolist() == list(range(10))
    assert pieces[-1][1].tolist() == [-8, -9, -9, -9]


@pytest.mark.slow
def test_a_run_of_the_sweep_is_the_run_of_solve():
    setting = dataclasses.replace(TINY, batch_size=5, steps=7)
    with jax.enable_x64(True):
        starts = sweeps.starts(setting, "nsgda")
        seen = sweeps.one_run(setting, "nsgda")(0.1, 0.01, 1, starts)
        game = theory_settings.make_game(setting, 1)
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


def test_the_best_cell_is_chosen_on_one_half_and_reported_on_the_other():
    found = grid_of(["BBNN", "BNBB"], ["NNBB", "NNNN"])
    best = theory_statistics.held_out(found)
    assert (best.rate_max, best.rate_min, best.share[:2]) == (0.1, 0.1, (0, 2))
    assert theory_statistics.in_sample(found).share[:2] == (3, 4)
    assert theory_statistics.somewhere(found)[:2] == (4, 4)
    assert theory_statistics.whole_grid(found)[:2] == (7, 16)


def test_among_equal_cells_the_one_in_good_company_is_taken_then_the_middle():
    company = grid_of(["BB", "NN", "BB"], ["NN", "NN", "BN"], ["NN", "NN", "NN"])
    assert theory_statistics.in_sample(company)[:2] == (0.1, 10.0)
    nothing = grid_of(*[["NN"] * 3] * 3)
    assert theory_statistics.held_out(nothing)[:2] == (1.0, 1.0)


def test_wilson_interval_of_none_and_of_all():
    assert str(theory_statistics.proportion(0, 16)) == "0/16 [0, .19]"
    assert theory_statistics.proportion(16, 16).low == pytest.approx(0.8064, abs=1e-4)
    assert str(theory_statistics.proportion(1, 2048)) == "1/2048 [9e-05, .003]"
