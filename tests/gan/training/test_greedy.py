"""Metrics that training with the greedy method logs."""

import json

import numpy as np
import pytest

from minmax_jax import gan
from minmax_jax.gan.config import presets

SMALL = {
    "width": 8,
    "latent_dim": 4,
    "batch_size": 16,
    "log_every": 4,
    "checkpoint_every": 8,
    "evaluate": 0,
    "devices": 1,
    "steps": 8,
}


@pytest.mark.parametrize(
    ("options", "rates"),
    [
        pytest.param(
            {"accept_every": 1, "max_ascent_steps": 3}, [1.0, 1.0], marks=pytest.mark.slow
        ),
        ({"accept_every": 4, "min_improvement": 1e9}, [1 / 4, 2 / 8]),
    ],
)
def test_log_gives_acceptance_rate_and_ascent_steps(tmp_path, options, rates):
    config = presets.preset(
        "digits", optimizer="greedy_adam", options=options, out=str(tmp_path), **SMALL
    )
    run = gan.train(config)
    records = [json.loads(line) for line in (tmp_path / "metrics.jsonl").read_text().splitlines()]
    records = [record for record in records if "update_norm_ratio" in record]
    np.testing.assert_allclose([record["acceptance_rate"] for record in records], rates)
    assert [record["ascent_steps"] for record in records] == [
        options.get("max_ascent_steps", 1)
    ] * 2
    assert [record["status"] for record in records] == [0, 0]
    assert int(run.state.optimizer.count) == 8


def test_other_optimizers_log_no_greedy_metrics(tmp_path):
    run = gan.train(presets.preset("digits", optimizer="sgda", out=str(tmp_path), **SMALL))
    assert not {"acceptance_rate", "ascent_steps", "status"} & run.metrics[0].keys()
