"""Tests of the evaluation of samples: row order, counts, directions, bad samples."""

import numpy as np
import pytest

from minmax_jax import gan
from minmax_jax.gan import data as data_lib
from minmax_jax.gan.evaluation import evaluator, features, scores
from minmax_jax.gan.evaluation.scores import METRICS, Metric
from tests.gan.conftest import small_data

CLASSES = 4


def draw(count, seed):
    """Draws 4×4 images of four classes, each with a bright row of pixels, sorted by class."""
    random = np.random.RandomState(seed)
    labels = np.sort(random.randint(CLASSES, size=count))
    images = random.normal(40, 12, size=(count, 4, 4, 1))
    images[np.arange(count), labels] += 120
    return images.clip(0, 255).astype(np.uint8), labels.astype(np.int32)


def class_data(num=800, num_test=200, order=None):
    images, labels = draw(num, seed=0)
    test, test_labels = draw(num_test, seed=1)
    if order is not None:
        rows, test_rows = order.permutation(num), order.permutation(num_test)
        images, labels = images[rows], labels[rows]
        test, test_labels = test[test_rows], test_labels[test_rows]
    return data_lib.Data(images, labels, test, test_labels, "rows", CLASSES, "image")


def row_classifier(data):
    """Returns pixels as features, and the brightest row as the class of an image."""

    def extract(images):
        pixels = features.pixels(data).extract(images).features
        bright = pixels.reshape(-1, 4, 4).mean(axis=2) * 8
        p = np.exp(bright - bright.max(axis=1, keepdims=True))
        return features.Extracted(pixels, p / p.sum(axis=1, keepdims=True))

    return features.Extractor("rows", extract, {}, num_classes=CLASSES)


def score(data, samples, **options):
    return evaluator.SampleEvaluator(data, row_classifier(data), **options)(samples)


@pytest.fixture(scope="module")
def sorted_record():
    return score(class_data(), draw(100, seed=2)[0], num_reference=300)


def test_scores_do_not_depend_on_row_order(sorted_record):
    order, samples = np.random.RandomState(3), draw(100, seed=2)[0]
    assert score(class_data(order=order), samples, num_reference=300) == sorted_record
    shuffled = score(class_data(), samples[order.permutation(100)], num_reference=300)
    subsets = ("kernel", "inception_style")  # The only scores of random subsets of the samples.
    for name, value in shuffled["scores"].items():
        if not name.startswith(subsets):
            assert value == pytest.approx(sorted_record["scores"][name], rel=1e-9), name


def test_scores_change_as_little_as_the_samples(sorted_record):
    # Rounding changes samples: their order, and so the subsets, must not depend on their content.
    samples = draw(100, seed=2)[0].astype(np.float32) / 127.5 - 1
    record = score(class_data(), samples * np.float32(1 + 1e-6), num_reference=300)
    expected = score(class_data(), samples, num_reference=300)["scores"]
    assert record["scores"] == pytest.approx(expected, rel=1e-3, abs=1e-5)


def test_reference_and_baseline_of_sorted_data_cover_all_classes(sorted_record):
    # The first 300 of 800 sorted images show two of four classes, as do the first 100 of 200.
    assert sorted_record["num_reference"] == 300 and sorted_record["num_training"] == 800
    real = sorted_record["held_out"]
    assert sorted_record["num_held_out"] == 100 and real["classes_covered"] == CLASSES
    first = class_data()._replace(images=draw(800, 0)[0][:300], labels=None)
    biased = score(first, draw(100, seed=2)[0])["held_out"]
    assert biased["frechet_distance"] > 10 * real["frechet_distance"]


def test_scores_at_equal_count_are_comparable_with_the_baseline():
    # Samples from the distribution of the data: more of them have a smaller distance.
    record = score(class_data(num_test=40), draw(800, seed=2)[0])
    equal, real = record["scores_at_equal_count"], record["held_out"]
    assert record["num_held_out"] == 40 and set(equal) == set(record["scores"]) == set(real)
    assert record["scores"]["frechet_distance"] < real["frechet_distance"] / 2
    assert 0.5 < equal["frechet_distance"] / real["frechet_distance"] < 2


def test_equal_counts_need_no_second_scores(sorted_record):
    assert "scores_at_equal_count" not in sorted_record


def test_directions_of_all_scores_prefer_real_images_to_noise(sorted_record):
    noise = np.random.RandomState(4).uniform(-1, 1, (100, 4, 4, 1)).astype(np.float32)
    noise[:, 0] = 0.9  # All samples show the first class.
    bad, good = score(class_data(), noise, num_reference=300), sorted_record
    plain = {name for m in METRICS.values() for name, better in m.scores.items() if not better}
    compared = set(bad["scores"]) - plain
    assert set(bad["better"]) == compared and len(compared) == 11
    for name in compared:
        sign = 1 if bad["better"][name] == "higher" else -1
        assert sign * (good["scores"][name] - bad["scores"][name]) > 0, name


def test_directions_of_mode_scores_prefer_real_points_to_noise():
    gaussians = data_lib.gaussians(num=200)
    evaluate = evaluator.SampleEvaluator(gaussians, features.points(), ("modes",))
    good = evaluate(gaussians.test_images)["scores"]
    bad = evaluate(np.zeros((40, 2), np.float32))
    assert bad["better"] == {"modes_covered": "higher", "high_quality_share": "higher"}
    assert all(good[name] > bad["scores"][name] for name in bad["better"])


def test_registered_metric_must_declare_its_scores(monkeypatch):
    monkeypatch.setattr(METRICS, "_registered", {})
    METRICS.register("mine", Metric(lambda *_: {"mine": 1.0, "other": 2.0}, {"mine": "higher"}))
    with pytest.raises(gan.ConfigError, match=r"metric 'mine' must compute only .*'other'"):
        score(class_data(), draw(40, seed=2)[0], metrics=("mine",))
    METRICS.register("mine", Metric(lambda *_: {"mine": 1.0}, {"mine": "higher"}))
    record = score(class_data(), draw(40, seed=2)[0], metrics=("mine",))
    assert record["scores"] == {"mine": 1.0} and record["better"] == {"mine": "higher"}
    assert scores.directions()["mine"] == "higher"


def test_evaluator_skips_distances_of_non_finite_samples():
    gaussians, notes = data_lib.gaussians(num=200), []
    evaluate = evaluator.SampleEvaluator(gaussians, features.points(), note=notes.append)
    samples = np.repeat(gaussians.modes.centers, 10, axis=0).astype(np.float32)
    samples[:8] = np.nan
    record = evaluate(samples)
    assert record["scores"]["not_finite"] == 8 and record["scores"]["modes_covered"] == 8
    assert record["better"]["not_finite"] == "lower"
    assert "frechet_distance" not in record["scores"] and "frechet_distance" in record["held_out"]
    assert "frechet_distance" not in record["scores_at_equal_count"]
    assert notes == [
        "8 of 80 samples, or their features, are not finite, so no scores that need features "
        "are computed"
    ]


def test_evaluator_skips_distances_if_features_overflow(noise_images):
    def overflows(images):
        return features.Extracted(images.reshape(len(images), -1) * np.float32(1e38))

    extractor = features.Extractor("pixels", overflows, {})
    samples = np.full((30, 28, 28, 1), 1e3, np.float32)
    with np.errstate(over="ignore"):
        assert evaluator.SampleEvaluator(noise_images, extractor)(samples)["scores"] == {
            "not_finite": 30
        }


@pytest.mark.parametrize("num_test", [0, 10])
def test_evaluator_reports_too_few_held_out_examples(num_test):
    gaussians, notes = data_lib.gaussians(num=50), []
    few = gaussians._replace(
        test_images=gaussians.test_images[:num_test], test_labels=gaussians.test_labels[:num_test]
    )
    evaluate = evaluator.SampleEvaluator(few, features.points(), note=notes.append)
    record = evaluate(np.ones((30, 2), np.float32))
    assert record["held_out"] == {} and record["scores"]["frechet_distance"] > 0
    assert record["num_held_out"] == num_test and "scores_at_equal_count" not in record
    assert notes == [
        f"gaussians: only {num_test} held-out examples, so held-out examples are not scored"
    ]


def test_record_names_its_protocol_in_full(sorted_record):
    assert sorted_record["protocol"] == {
        "features": "16 features of rows",
        "resizing": "none",
        "samples": "100 samples",
        "reference": "300 of 800 training examples of rows, in proportion to the classes",
    }


def test_protocol_names_resizing_and_random_reference():
    large = small_data((70, 64, 1))._replace(labels=None)
    evaluate = evaluator.SampleEvaluator(
        large, features.pixels(large), ("frechet",), num_reference=30
    )
    protocol = evaluate(large.images[:20])["protocol"]
    assert protocol["features"] == "736 features of pixels, size 23x32x1"
    assert protocol["resizing"] == "mean of blocks of 3x2 pixels"
    assert protocol["reference"] == "30 of 64 training examples of noise, at random"


def test_class_accuracy_is_the_share_of_requested_classes():
    data = class_data()
    judge = evaluator.SampleEvaluator(data, row_classifier(data), ("class_accuracy", "frechet"))
    images, labels = draw(400, seed=5)
    samples = images / 127.5 - 1.0
    wrong = np.where(np.arange(400) % 4 == 0, (labels + 1) % CLASSES, labels)
    record = judge(samples.astype(np.float32), wrong)
    assert record["scores"]["class_accuracy"] == 0.75
    assert record["held_out"]["class_accuracy"] == 1.0
    assert record["scores_at_equal_count"]["class_accuracy"] == pytest.approx(0.75, abs=0.05)
    assert "class_accuracy" not in judge(samples.astype(np.float32))["scores"]


def test_scores_per_class_compare_with_examples_of_the_class():
    """Samples of one class that show another are far from the examples of their class only."""
    data = class_data()
    judge = evaluator.SampleEvaluator(data, row_classifier(data), ("frechet", "class_accuracy"))
    images, labels = draw(400, seed=5)
    samples = (images / 127.5 - 1.0).astype(np.float32)
    samples[labels == 2] = samples[np.flatnonzero(labels == 3)[0]]
    found = judge(samples, labels, per_class=True)["per_class"]
    assert [entry["class"] for entry in found] == list(range(CLASSES))
    assert [entry["num_samples"] for entry in found] == np.bincount(labels).tolist()
    assert [entry["num_reference"] for entry in found] == np.bincount(data.labels).tolist()
    assert [entry["class_accuracy"] for entry in found] == [1.0, 1.0, 0.0, 1.0]
    good, bad = found[1]["frechet_distance"], found[2]["frechet_distance"]
    assert bad > 10 * good
    few = judge(samples[:60], labels[:60], per_class=True)["per_class"]
    assert few[3] == {"class": 3, "num_samples": 0, "num_reference": found[3]["num_reference"]}


class Lazy:
    """Streamed examples, which note the largest number of rows that was read at once."""

    identity = 7

    def __init__(self, images):
        self._images, self.shape, self.dtype, self.most = images, images.shape, images.dtype, 0

    def __len__(self):
        return len(self._images)

    def __getitem__(self, index):
        self.most = max(self.most, np.size(index))
        return self._images[index]


@pytest.mark.parametrize("key", [None, "stored"])
def test_reference_of_streamed_examples_is_read_in_parts(monkeypatch, tmp_path, key):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(evaluator, "_READ_AT_ONCE", 7 * 16)
    data = class_data()
    lazy = data._replace(images=Lazy(data.images))
    found = []
    for _ in range(2):
        each = evaluator.SampleEvaluator(lazy, row_classifier(data)._replace(key=key))
        found.append(each(draw(100, seed=2)[0]))
    assert lazy.images.most == 7
    assert found[0] == found[1]
    # The same examples in another order, on which other scores depend.
    expected = evaluator.SampleEvaluator(data, row_classifier(data))(draw(100, seed=2)[0])
    for name in ("frechet_distance", "precision", "recall"):
        assert found[0]["scores"][name] == pytest.approx(expected["scores"][name], rel=1e-3), name


def test_streamed_examples_have_features_of_their_own_identity(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    data = class_data()
    extractor, samples = row_classifier(data)._replace(key="stored"), draw(100, seed=2)[0]
    first, other = Lazy(data.images), Lazy(255 - data.images)
    other.identity = 8
    records = [
        evaluator.SampleEvaluator(data._replace(images=images), extractor)(samples)
        for images in (first, other)
    ]
    assert records[1]["scores"]["frechet_distance"] > 2 * records[0]["scores"]["frechet_distance"]
