"""The image experiment: grids, choices, and the figure from the committed results."""

import json
import math

import pytest

from experiments.dissecting import images, images_figure


@pytest.mark.parametrize("method", images.CENTRES)
def test_every_method_has_nine_cells_around_its_centre(method):
    cells = images.grid(method, 5.0)
    assert len(cells) == len(set(cells)) == 9
    assert cells[4] == (images.CENTRES[method],) * 2
    assert cells[8][0] / cells[0][0] == pytest.approx(25.0)


@pytest.mark.parametrize("value", [None, math.nan, math.inf])
def test_a_diverged_run_is_the_worst(value):
    assert images.distance({"frechet_distance": value}) == math.inf


def results():
    return json.loads((images.RESULTS / "images.json").read_text())


def test_the_chosen_rates_are_the_best_of_their_grid():
    result = results()
    for method, cells in result["tuning"].items():
        best = min(cells, key=images.distance)
        assert result["best"][method] == best["rates"]
        assert len(cells) == 9


def test_tuning_and_final_seeds_differ():
    config = results()["config"]
    assert config["tune_seed"] not in config["seeds"]


def test_the_table_says_where_the_best_is_on_the_edge():
    lines = images.describe(results()).splitlines()
    assert len(lines) == 2 + len(images.CENTRES)
    assert "| min and max |" in lines[3]


def test_the_figure_is_redrawn_from_the_committed_results():
    figure = images_figure.draw(results(), images.RESULTS)
    assert len(figure.axes) == 2 * len(images.CENTRES)
