import numpy as np

from minmax_jax.gan.config import presets
from minmax_jax.gan.trainer import summary as summary_lib


def records(scale=1.0):
    return [
        {
            "step": step,
            "loss_min": 0.7,
            "loss_max": None if step == 3 else 1.4,
            "update_norm_ratio": scale,
            "gradient_norm_min": scale * step,
            "gradient_norm_max": scale * 2 * step,
        }
        for step in (1, 2, 3)
    ]


def test_curves_show_metrics_of_both_players():
    losses, norms, ratio = summary_lib.curves(records(), "digits").axes
    assert [len(axes.lines) for axes in (losses, norms)] == [2, 2]
    np.testing.assert_array_equal(losses.lines[1].get_ydata(), [1.4, 1.4, np.nan])
    np.testing.assert_array_equal(norms.lines[1].get_ydata(), [2, 4, 6])
    np.testing.assert_array_equal(ratio.lines[0].get_xdata(), [1, 2, 3])
    assert norms.get_yscale() == ratio.get_yscale() == "log"
    assert ratio.get_xlabel() == "step" and norms.get_ylabel() and losses.get_legend()


def test_curves_of_no_records_and_of_zeros_are_drawn(tmp_path):
    for drawn in ([], records(0.0)):
        summary_lib.curves(drawn, "digits").savefig(tmp_path / "curves.png")


def test_summary_shows_scores_extractor_and_counts(tmp_path):
    summary = {
        "step": 100,
        "evaluation": {
            "step": 100,
            "extractor": "classifier",
            "num_samples": 500,
            "num_reference": 9000,
            "num_held_out": 400,
            "facts": {"test_accuracy": 0.987, "network": "1f0c9a7e"},
            "scores": {
                "frechet_distance": 12.34,
                "kernel_distance": 0.0123,
                "kernel_distance_standard_error": 0.004,
                "density": None,
                "classes_covered": 9,
                "num_classes": 10,
            },
            "held_out": {
                "frechet_distance": 1.2,
                "kernel_distance": -0.0001,
                "kernel_distance_standard_error": None,
            },
        },
    }
    lines = summary_lib.summary_text(presets.preset("digits"), summary, tmp_path).splitlines()
    assert "classifier 1f0c9a7e, 98.7% test accuracy, against 9000 training examples" in lines[1]
    rows = [" ".join(line.split()) for line in lines[2:7]]
    assert rows == [
        "500 samples 400 held-out real",
        "frechet_distance ↓ 12.34 1.2",
        "kernel_distance ↓ 0.0123 ± 0.004 -0.0001",
        "density ↑ not finite –",
        "classes_covered ↑ 9 of 10 –",
    ]
