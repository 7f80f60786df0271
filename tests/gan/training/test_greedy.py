"""Training by name with the greedy method: what its log says."""

import json

import numpy as np
import pytest

from minmax_jax import gan
from minmax_jax.gan.config import presets

SMALL = {"width": 8, "latent_dim": 4, "batch_size": 16, "log_every": 4, "checkpoint_every": 8,
         "evaluate": 0, "devices": 1, "steps": 8}  # fmt: skip


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
    lines = [json.loads(line) for line in (tmp_path / "metrics.jsonl").read_text().splitlines()]
    lines = [line for line in lines if "update_norm_ratio" in line]
    np.testing.assert_allclose([line["acceptance_rate"] for line in lines], rates)
    assert [line["ascent_steps"] for line in lines] == [options.get("max_ascent_steps", 1)] * 2
    assert [line["status"] for line in lines] == [0, 0]
    assert int(run.state.optimizer.count) == 8


def test_other_optimizers_log_neither(tmp_path):
    run = gan.train(presets.preset("digits", optimizer="sgda", out=str(tmp_path), **SMALL))
    assert not {"acceptance_rate", "ascent_steps", "status"} & run.metrics[0].keys()
