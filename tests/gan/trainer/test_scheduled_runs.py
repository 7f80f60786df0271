"""Runs with schedules and separate penalties: resumed, fine-tuned, and refused."""

import json

import jax
import numpy as np
import pytest

from minmax_jax import gan
from minmax_jax.gan.base.errors import ConfigError
from minmax_jax.gan.cli.main import main
from minmax_jax.gan.run import run_folder

SMALL = {
    "width": 4, "latent_dim": 2, "batch_size": 8, "evaluate": 0, "devices": 1, "log_every": 2,
    "checkpoint_every": 5, "penalty": 1.0, "penalty_every": 2, "penalty_step": "separate",
    "update_order": "discriminator-first", "ema_half_life": 50.0,
}  # fmt: skip
SCHEDULE = {
    "learning_rate": "linear:0.1x:12", "b2": "cosine:0.9:64img", "penalty": "constant:warmup=8",
    "ema": "step:200:6",
}  # fmt: skip


def config(folder, **fields):
    return gan.preset("gaussians", **{**SMALL, "schedule": SCHEDULE, **fields}, out=str(folder))


@pytest.mark.slow
def test_resumed_schedules_are_bitwise_identical(tmp_path):
    whole = gan.train(config(tmp_path / "whole", steps=12))
    gan.train(config(tmp_path / "parts", steps=5))
    parts = gan.train(config(tmp_path / "parts", steps=12))
    jax.tree.map(np.testing.assert_array_equal, whole.state, parts.state)
    names = ("step", "learning_rate_min", "b2", "penalty", "ema_half_life", "loss_max")
    logs = [
        [{n: r[n] for n in names} for r in run.metrics if r["step"] % 2 == 0]
        for run in (whole, parts)
    ]
    assert logs[0] == logs[1]
    last = whole.metrics[-1]
    assert last["learning_rate_max"] == pytest.approx(1e-3 * (1 - 0.9 * 11 / 12))
    assert (last["b2"], last["penalty"], last["ema_half_life"]) == pytest.approx((0.9, 1.0, 200.0))
    with pytest.raises(ConfigError, match=r"schedule of b2: cosine:0.9:64img -> linear:0.9:64img"):
        gan.train(
            config(tmp_path / "parts", steps=12, schedule={**SCHEDULE, "b2": "linear:0.9:64img"})
        )


@pytest.mark.slow
def test_a_fine_tuned_run_records_and_keeps_its_origin(tmp_path):
    source = gan.train(config(tmp_path / "source", steps=4))
    fields = {"init_from": str(tmp_path / "source"), "learning_rate_min": 0.0, "schedule": {}}
    tuned = gan.train(config(tmp_path / "tuned", steps=2, **fields))
    jax.tree.map(np.testing.assert_array_equal, tuned.state.players.min, source.state.players.min)
    changed = jax.tree.map(
        lambda a, b: bool(np.any(a != b)), tuned.state.players.max, source.state.players.max
    )
    assert any(jax.tree.leaves(changed))
    gan.train(config(tmp_path / "tuned", steps=3, **fields))
    about = run_folder.read(tmp_path / "tuned")
    assert about.origin is not None and about.origin[:2] == (str(tmp_path / "source"), 4)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--schedule", "learning_rate=sine:0"], "shape='sine' is not known"),
        (["--schedule", "b2=linear:0", "--optimizer", "sgda"], "schedule='b2' is not known"),
        (["--init-from", "nowhere"], "init_from=nowhere: nowhere does not contain a run"),
        (["--update-order", "simultaneous", "--max-steps", "2"], "max_steps must be 1"),
    ],
)
def test_command_line_rejects_bad_schedules_and_runs(tmp_path, capsys, words, message):
    out = tmp_path / "run"
    small = ["--width", "4", "--steps", "1", "--devices", "1"]
    assert main(["train", "--out", str(out), *small, *words]) == 2
    error = capsys.readouterr().err
    assert message in error and len(error.splitlines()) == 1
    assert not out.exists()


def test_json_of_a_run_contains_its_schedules():
    values = json.loads(json.dumps(config("runs/a").to_json()))
    assert values["schedules"]["values"] == SCHEDULE
    assert gan.Config.from_json(values) == config("runs/a")
