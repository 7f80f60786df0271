"""Runs whose state is divided among devices, on several meshes."""

import jax
import numpy as np
import pytest

from minmax_jax import gan
from minmax_jax.gan.base.errors import NonFinite
from minmax_jax.gan.run import checkpoint
from tests.devices import first_devices

SMALL = {
    "network": "mlp", "width": 64, "latent_dim": 16, "batch_size": 8, "evaluate": 0,
    "log_every": 1, "checkpoint_every": 2, "optimizer": "adam_gda", "steps_per_call": 2,
}  # fmt: skip


def train(folder, mode, devices, steps, **fields):
    first_devices(devices)
    chosen = {**SMALL, "parallel": mode, "devices": devices, "steps": steps, **fields}
    return gan.train(gan.preset("digits", **chosen, out=str(folder)))


def agree(one, other):
    gaps = jax.tree.map(lambda a, b: np.max(np.abs(a - b), initial=0), one.state, other.state)
    assert max(jax.tree.leaves(gaps)) < 1e-5
    # A run also logs scores where it ends, so their records differ.
    trained = [[record for record in run.metrics if "loss_min" in record] for run in (one, other)]
    for record, like in zip(*trained, strict=True):
        for name in sorted(like.keys() - {"steps_per_second", "images_per_second", "seconds"}):
            assert record[name] == pytest.approx(like[name], rel=1e-3, abs=1e-6), name


def test_divided_run_saves_whole_arrays(tmp_path, capsys):
    run = train(tmp_path, "fsdp", 8, 2)
    assert "divided among 8 devices; each stores" in capsys.readouterr().err
    step, values = checkpoint.Checkpoints(tmp_path / "checkpoints", pytest.fail).restore()
    assert step == 2 and [record["step"] for record in run.metrics] == [1, 2]
    jax.tree.map(np.testing.assert_array_equal, checkpoint.flatten(run.state), dict(values))


@pytest.mark.slow
def test_divided_run_resumes_on_one_device(tmp_path):
    train(tmp_path / "parts", "fsdp", 8, 2)
    parts = train(tmp_path / "parts", "pmap", 1, 4)
    agree(parts, train(tmp_path / "whole", "shard_map", 1, 4))


@pytest.mark.slow
def test_runs_resume_on_every_mesh(tmp_path):
    fields = {
        "augment": "flip",
        "augment_target": 0.6,
        "sample_every": 2,
        "evaluate": 20,
        "evaluate_every": 4,
        "keep_best": "loss_max",
        "schedule": {"learning_rate": "cosine:0.1x:12", "ema": "linear:99:12"},
    }
    whole = train(tmp_path / "whole", "pmap", 8, 12, **fields)
    meshes = (("pmap", 8), ("fsdp", 8), ("fsdp", 4), ("fsdp", 1), ("shard_map", 2), ("fsdp", 2))
    for number, (mode, devices) in enumerate(meshes, 1):
        parts = train(tmp_path / "parts", mode, devices, 2 * number, **fields)
    agree(parts, whole)
    for name in ("samples.png", "samples_over_time.png", "curves.png", "evaluations.jsonl"):
        assert (tmp_path / "parts" / name).exists()


@pytest.mark.slow
def test_checkpoints_of_divided_runs_are_whole(tmp_path):
    """The names, shapes and dtypes are those of a replicated run."""
    found = []
    for mode in ("fsdp", "pmap"):
        train(tmp_path / mode, mode, 8, 2)
        _, values = checkpoint.Checkpoints(tmp_path / mode / "checkpoints", pytest.fail).restore()
        found.append({name: (value.shape, value.dtype) for name, value in values.items()})
    assert found[0] == found[1]
    images = gan.load(tmp_path / "fsdp")(np.ones((4, SMALL["latent_dim"]), np.float32))
    assert images.shape[0] == 4 and np.isfinite(images).all()


@pytest.mark.slow
def test_divided_run_stops_at_a_nonfinite_update(tmp_path):
    with pytest.raises(NonFinite, match="not finite"):
        train(tmp_path, "fsdp", 8, 8, optimizer="sgda", learning_rate_max=1e38)
    restored = checkpoint.Checkpoints(tmp_path / "checkpoints", pytest.fail).restore()
    if restored is not None:
        assert all(np.isfinite(v).all() for n, v in restored[1].items() if "players" in n)
