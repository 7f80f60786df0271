from minmax_jax.gan.config import presets
from minmax_jax.gan.trainer import summary as summary_lib


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
