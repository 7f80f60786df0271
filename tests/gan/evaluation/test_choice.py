"""Tests of the names of metrics and extractors, checked before anything is built."""

import pytest

from minmax_jax import gan
from minmax_jax.gan import data as data_lib
from minmax_jax.gan.evaluation import choice, features
from tests.gan.conftest import small_data


@pytest.mark.parametrize(
    ("extractors", "metrics", "expected"),
    [
        ((), (), ((), ())),
        (["pixels", "pixels"], ["bins", "bins"], (("pixels",), ("bins",))),
        ((), ["fid"], (("inception",), ("frechet",))),
        (
            (),
            ["FID", "kid", "Inception-Score", "bins"],
            (("inception",), ("frechet", "kernel", "inception_style", "bins")),
        ),
        (["inception"], ["is"], (("inception",), ("inception_style",))),
        (["pixels"], ["fd"], (("pixels",), ("frechet",))),
    ],
)
def test_resolve_replaces_known_words(extractors, metrics, expected):
    assert choice.resolve(extractors, metrics) == expected


@pytest.mark.parametrize(
    ("extractors", "metrics", "message"),
    [
        (["pixel"], (), "extractors='pixel' is not known; did you mean pixels"),
        ((), ["fréchet"], "metrics='fréchet' is not known; did you mean frechet"),
        (["fid"], (), r"extractors=fid is not an extractor: fid means .*metrics=frechet"),
        (
            ["classifier"],
            ["fid"],
            r"metrics=fid: fid means the Fréchet .*extractors=inception, or write metrics=frechet",
        ),
        (
            ["inception", "pixels"],
            ["KID"],
            "KID means the kernel distance .* got extractors=pixels",
        ),
        ("pixels", (), "extractors must be a list of names, got 'pixels'"),
        ((), "frechet", "metrics must be a list of names"),
    ],
)
def test_resolve_rejects_unknown_names(extractors, metrics, message):
    with pytest.raises(gan.ConfigError, match=message):
        choice.resolve(extractors, metrics)


@pytest.mark.parametrize(
    ("extractors", "metrics", "weights", "message"),
    [
        (["classifier", "pixels"], ["classes"], None, "metrics=classes needs the extractor classi"),
        (["classifier"], ["modes"], None, "metrics=modes needs data with known modes"),
        (["classifier", "points"], (), None, "extractors=points: noise contains images"),
        (["classifier", "inception"], (), None, r"needs the published weights"),
        (["classifier"], (), "w.pth", "inception_weights=w.pth is for the extractor inception"),
    ],
)
def test_check_rejects_before_an_extractor_is_built(
    monkeypatch, tmp_path, extractors, metrics, weights, message
):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(features.trained, "_train", pytest.fail)
    with pytest.raises(gan.ConfigError, match=message):
        choice.check(extractors, metrics, small_data(), weights)


@pytest.mark.parametrize(
    ("labels", "num_classes", "message"),
    [(None, None, "needs labeled images"), (0, 1, "at least two classes, got one")],
)
def test_classifier_needs_two_classes(labels, num_classes, message):
    data = small_data()
    data = data._replace(
        labels=None if labels is None else data.labels * 0, num_classes=num_classes
    )
    assert features.default(data) == "pixels"
    with pytest.raises(gan.DataError, match=message):
        choice.check(["classifier"], (), data)


def test_check_accepts_what_the_extractor_allows():
    choice.check(["classifier"], ["classes", "frechet"], small_data())
    choice.check(["points"], ["modes"], data_lib.gaussians(num=100))


def test_check_leaves_undeclared_extractors_to_the_evaluator(monkeypatch):
    monkeypatch.setattr(features.EXTRACTORS, "_registered", {})
    features.EXTRACTORS.register("mine", features.ExtractorEntry(pytest.fail))
    assert features.outline("mine", small_data()) is None
    choice.check(["mine"], ["classes"], small_data())
