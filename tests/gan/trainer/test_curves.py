"""The figure with the training curves of a run."""

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg

from minmax_jax.gan.trainer import curves


def records(count=3, scale=1.0, **more):
    return [
        {
            "step": step,
            "loss_min": 0.7 + 0.5 * (-1) ** step,
            "loss_max": None if step == 3 else 1.4,
            "update_norm_ratio": scale,
            "gradient_norm_min": scale * step,
            "gradient_norm_max": scale * 2 * step,
            **{name: value(step) for name, value in more.items()},
        }
        for step in range(1, count + 1)
    ]


def evaluation(step, num_samples=500, **scores):
    return {"step": step, "extractor": "classifier", "num_samples": num_samples, **scores}


def by_label(figure):
    return {axes.get_ylabel(): axes for axes in figure.axes}


def test_curves_show_metrics_of_both_players():
    losses, norms, ratio = curves.draw(records(), "digits").axes
    assert [len(axes.lines) for axes in (losses, norms)] == [2, 2]
    np.testing.assert_array_equal(losses.lines[1].get_ydata(), [1.4, 1.4, np.nan])
    np.testing.assert_array_equal(norms.lines[1].get_ydata(), [2, 4, 6])
    np.testing.assert_array_equal(ratio.lines[0].get_xdata(), [1, 2, 3])
    assert norms.get_yscale() == ratio.get_yscale() == "log"
    assert ratio.get_xlabel() == "step" and norms.get_ylabel() and losses.get_legend()


def test_curves_of_no_records_and_of_zeros_are_drawn(tmp_path):
    for drawn in ([], records(scale=0.0)):
        curves.draw(drawn, "digits").savefig(tmp_path / "curves.png")


def test_losses_are_smoothed_over_the_raw_ones():
    losses = curves.draw(records(100), "digits").axes[0]
    raw, smooth, raw_max, smooth_max = losses.lines
    np.testing.assert_allclose(raw.get_ydata()[:2], [0.2, 1.2])
    assert np.ptp(smooth.get_ydata()[5:-5]) < np.ptp(raw.get_ydata()) / 4
    assert raw.get_alpha() < 1 and raw.get_zorder() == smooth.get_zorder()
    assert np.isnan(raw_max.get_ydata()[2])
    np.testing.assert_allclose(smooth_max.get_ydata(), np.full(100, 1.4), rtol=1e-12)


def test_smoothed_leaves_out_values_that_are_not_finite():
    values = np.array([np.nan] * 10 + [2.0, np.inf, 4.0] + [np.nan] * 10)
    found = curves.smoothed(values)
    np.testing.assert_allclose(found[9:14], [2, 2, 3, 4, 4])
    assert np.isnan(found[:9]).all() and np.isnan(found[14:]).all()


def test_scores_of_several_evaluations_have_panels():
    scored = [
        *records(),
        evaluation(1, num_samples=50, frechet_distance=99.0),  # Not comparable.
        evaluation(2, frechet_distance=9.0, precision=0.5, recall=0.25, classes_covered=3),
        evaluation(3, frechet_distance=None, precision=0.75, recall=0.5, modes_covered=7),
        evaluation(4, modes_covered=8),
    ]
    figure = curves.draw(scored, "digits")
    panels = by_label(figure)
    np.testing.assert_array_equal(panels["frechet distance ↓"].lines[0].get_ydata(), [9, np.nan])
    np.testing.assert_array_equal(panels["precision, recall ↑"].lines[1].get_ydata(), [0.25, 0.5])
    assert "classes covered ↑" not in panels  # It was computed once.
    ticks = panels["modes covered ↑"].get_yticks()
    np.testing.assert_array_equal(ticks, np.round(ticks))
    titles = [title for axes in figure.axes if (title := axes.get_title(loc="left"))]
    assert titles == ["training", "scores of 500 samples, classifier features"]


def test_values_that_vary_have_panels():
    drawn = records(
        learning_rate_min=lambda step: 1e-3 / step,
        learning_rate_max=lambda step: 1e-3,
        augment_probability=lambda step: 0.1 * step,
        ema_half_life=lambda step: 100 * step,
        seconds=lambda step: step,
    )
    assert {"learning rate", "probability of\naugmentation"} <= set(
        by_label(curves.draw(drawn, ""))
    )
    constant = by_label(curves.draw(records(augment_probability=lambda step: 0.2), ""))
    assert len(constant) == 3


@pytest.mark.parametrize("count", [3, 200])
def test_legend_covers_no_line_and_ticks_are_plain(count):
    scored = [evaluation(step, precision=0.5, recall=0.25) for step in (1, 2)]
    figure = curves.draw(records(count, scale=1e-3) + scored, "digits")
    FigureCanvasAgg(figure).draw()
    legends = [axes.get_legend() for axes in figure.axes if axes.get_legend()]
    assert len(legends) == 2
    for legend in legends:
        box = legend.get_window_extent()
        assert not any(box.overlaps(axes.get_window_extent()) for axes in figure.axes)
    shown = [label.get_text() for axes in figure.axes for label in axes.get_yticklabels()]
    assert any(shown) and not any("$" in text or "e" in text for text in shown)
