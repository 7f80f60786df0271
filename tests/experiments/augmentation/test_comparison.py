"""The comparison of DiffAugment with no augmentation."""

import json

import numpy as np
import pytest

from experiments.augmentation import figure
from experiments.augmentation.__main__ import main
from experiments.augmentation.run import Config, choose, run, spread
from minmax_jax import gan
from tests.gan.conftest import small_data


def scores(*last):
    return [
        [{"step": 10, "frechet_distance": 50.0}, {"step": 20, "frechet_distance": x}] for x in last
    ]


RESULT = {
    "config": {"num_images": 1000},
    "scores": {"none": scores(60.0, 80.0), "diffaugment": scores(30.0, 30.0)},
}


def test_table_shows_the_last_and_the_lowest_score():
    lines = figure.table(RESULT).splitlines()
    assert lines[2].startswith("| no augmentation | 70.0 [") and lines[2].endswith("50.0] |")
    assert lines[3] == "| DiffAugment | 30.0 [30.0, 30.0] | 30.0 [30.0, 30.0] |"


def test_spread_is_over_the_seeds():
    found = spread(scores(60.0, 80.0, 10.0))
    assert found["last"] == {"mean": 50.0, "min": 10.0, "max": 80.0}
    assert found["lowest"] == {"mean": 110 / 3, "min": 10.0, "max": 50.0}


def test_redraw_reads_the_record_only(tmp_path, capsys):
    (tmp_path / "diffaugment.json").write_text(json.dumps(RESULT))
    main(Config(data="nowhere"), redraw=True, out=tmp_path)
    assert (tmp_path / "diffaugment.png").stat().st_size > 1000
    assert "DiffAugment" in capsys.readouterr().out


def test_chosen_images_keep_their_labels_and_are_always_the_same():
    full = small_data((8, 8, 1))
    few = choose(full, 10)
    rows = [int(np.flatnonzero((full.images == image).all((1, 2, 3)))[0]) for image in few.images]
    assert len(set(rows)) == 10
    np.testing.assert_array_equal(few.labels, full.labels[rows])
    np.testing.assert_array_equal(few.images, choose(full, 10).images)


def test_steps_must_be_a_multiple_of_every():
    with pytest.raises(gan.ConfigError, match="steps must be a multiple of every=1000, got 1500"):
        run(Config(steps=1500))


@pytest.mark.slow
def test_run_records_scores_of_both_arms(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(gan.DATA_SETS, "_registered", {})
    config = Config(
        data="digits", num_images=50, width=4, seeds=1, steps=4, every=2, num_samples=50,
        runs=str(tmp_path / "runs"),
    )  # fmt: skip
    found = run(config)
    assert [one["step"] for one in found["scores"]["diffaugment"][0]] == [2, 4]
    assert found["protocol"]["reference"] == "359 held-out images of digits"
    assert found["scores"]["none"] != found["scores"]["diffaugment"]
    last = found["scores"]["none"][0][-1]["frechet_distance"]
    assert found["spread"]["none"]["last"] == {"mean": last, "min": last, "max": last}
    json.dumps(found)
