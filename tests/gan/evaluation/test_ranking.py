"""Tests of the metrics that rank checkpoints and runs."""

import pytest

from minmax_jax import gan
from minmax_jax.gan import data as data_lib
from minmax_jax.gan.config import presets
from minmax_jax.gan.config.run import Best
from minmax_jax.gan.evaluation import ranking
from tests.gan.conftest import small_data


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", None),
        ("frechet_distance", Best("frechet_distance", False)),
        ("modes_covered", Best("modes_covered", True)),
        ("modes_covered:max", Best("modes_covered", True)),
        ("precision:min", Best("precision", False)),
        ("loss_min", Best("loss_min", False)),
        ("loss_max:max", Best("loss_max", True)),
    ],
)
def test_parse_takes_the_better_direction(text, expected):
    assert ranking.parse(text, "score") == expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "fid",
            r"score=fid: fid means the Fréchet .*score=frechet_distance with evaluate_ext",
        ),
        ("KID:min", "KID means the kernel distance in Inception features"),
        ("inception-score", "score=inception_style_score"),
        ("precision_recall", "score=precision_recall is a metric. Choose its score precision or"),
        ("precison", "score='precison' is not known; did you mean precision"),
        ("num_bins", "score='num_bins' is not known"),
    ],
)
def test_parse_rejects_names_that_are_never_logged(text, message):
    with pytest.raises(gan.ConfigError, match=message):
        ranking.parse(text, "score")


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({}, "evaluate_every is 0. Set evaluate_every, for example to .* 20"),
        ({"evaluate_every": 30}, r"both an evaluation \(evaluate_every=30\) and a checkpoint"),
    ],
)
def test_keep_best_needs_evaluations_at_checkpoints(fields, message):
    config = presets.preset("digits", keep_best="recall", steps=60, checkpoint_every=20, **fields)
    with pytest.raises(gan.ConfigError, match=message):
        gan.train(config)
    ranking.check_keep_best(config.replace(evaluate_every=10))
    ranking.check_keep_best(config.replace(keep_best="loss_min"))


def test_keep_best_needs_a_score_of_the_data():
    config = presets.preset(
        "gaussians", keep_best="classes_covered", evaluate_every=50, checkpoint_every=50
    )
    gaussians = data_lib.gaussians(num=100)
    with pytest.raises(gan.ConfigError, match="needs the extractor classifier, and gaussians is"):
        ranking.check_keep_best(config, gaussians)
    ranking.check_keep_best(config.replace(keep_best="modes_covered"), gaussians)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"evaluate_extractor": "pixel"}, "evaluate_extractor='pixel' is not known; did you mean"),
        ({"evaluate_extractor": "points"}, "extractors=points: noise contains images"),
        ({"evaluate_extractor": "inception"}, "Run minmax-jax convert-inception --download once"),
        (
            {"evaluate_extractor": "pixels", "keep_best": "classes_covered", "evaluate_every": 5},
            "keep_best=classes_covered needs the extractor classifier, and noise is evaluated by",
        ),
    ],
)
def test_extractor_of_a_run_is_checked_before_training(tmp_path, monkeypatch, fields, message):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    with pytest.raises(gan.ConfigError, match=message):
        ranking.check_keep_best(presets.preset("digits", **fields), small_data())
    unused = {"evaluate_extractor": "inception", "evaluate": 0}
    ranking.check_keep_best(presets.preset("digits", **unused), small_data())
