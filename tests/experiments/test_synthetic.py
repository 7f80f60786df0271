import json

import pytest

import minmax_jax as mm
from experiments.dissecting import synthetic, synthetic_figure, synthetic_sweep
from minmax_jax import games

TINY = synthetic_sweep.Config(dimension=40, seeds=2, steps=20, grid=2)


@pytest.fixture(scope="module")
def result():
    return synthetic.run(TINY)


def test_every_run_of_the_grid_has_an_outcome(result):
    for found in result["methods"].values():
        cells = [cell for row in found["outcomes"] for cell in row]
        assert [len(cell) for cell in cells] == [2] * 4
        assert sum(found["classes"].values()) == found["grid"]["runs"] == 8
        assert len(found["pace"]) == synthetic_sweep.NUM_CHUNKS + 1


def test_letters_stand_for_outcomes():
    letters = [letter for letter, _ in synthetic_figure.CLASSES.values()]
    assert "".join(letters) == synthetic_sweep.LETTERS
    assert tuple(synthetic_figure.CLASSES) == games.OUTCOMES


def test_nsgda_finds_both_modes_where_sgda_does_not():
    config = synthetic_sweep.Config(
        dimension=100, seeds=4, steps=2000, rates_min=(0.0052,), rates_max=(0.14,)
    )
    share = {m: synthetic.sweep(config, m)["best"]["share"] for m in synthetic.METHODS}
    assert share["sgda"] == 0
    assert share["nsgda"] >= 0.5


def test_a_grid_has_the_decades_of_its_method():
    rates = synthetic_sweep.learning_rates(synthetic_sweep.Config(), "sgda")
    assert (rates.min[0], rates.min[-1], len(rates.min)) == (1e-3, 10, 8)
    given = synthetic_sweep.Config(rates_min=(0.5,))
    assert synthetic_sweep.learning_rates(given, "nsgda").min.tolist() == [0.5]
    assert isinstance(rates, mm.Players)


def test_wilson_interval_of_none_and_of_all():
    low, high = synthetic_sweep.proportion(0, 16)["wilson"]
    assert (low, high) == (0, pytest.approx(0.1936, abs=1e-4))
    assert synthetic_sweep.proportion(16, 16)["wilson"] == [pytest.approx(0.8064, abs=1e-4), 1]


def test_the_figure_is_redrawn_from_the_json_alone(tmp_path, result, monkeypatch, capsys):
    monkeypatch.setattr(synthetic, "run", lambda config: result)
    synthetic.main(TINY, out=tmp_path)
    (picture,) = tmp_path.glob("*.png")
    written = next(tmp_path.glob("*.json"))
    assert json.loads(written.read_text())["config"]["dimension"] == 40
    picture.unlink()
    monkeypatch.delattr(synthetic, "run")
    synthetic.main(TINY, out=tmp_path, redraw=True)
    assert picture.stat().st_size > 10_000
    assert "seeds" in capsys.readouterr().out


def test_results_are_named_after_what_differs_from_the_record():
    assert synthetic.stem(synthetic_sweep.Config()) == "synthetic"
    changed = synthetic_sweep.Config(scale=1.0, rates_max=(0.1, 1.0))
    assert synthetic.stem(changed) == "synthetic__lambda_1.0__rates-max_0.1_1"


def test_steps_that_do_not_divide_are_refused():
    with pytest.raises(ValueError, match="multiple of 10"):
        synthetic.run(synthetic_sweep.Config(steps=15))
