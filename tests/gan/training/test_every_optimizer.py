"""Every optimizer of the library trains GANs on vectors and images for 50 steps."""

import json

import jax
import numpy as np
import pytest

import minmax_jax as mm
from minmax_jax import gan
from minmax_jax.gan import data as data_lib
from minmax_jax.gan.objective import losses
from minmax_jax.gan.training import build
from tests.gan.paths import MNIST

pytestmark = pytest.mark.slow  # 40 compilations

SMALL = {
    "width": 4,
    "latent_dim": 4,
    "batch_size": 8,
    "devices": 1,
    "steps": 50,
    "evaluate": 0,
    "log_every": 25,
    "checkpoint_every": 50,
}
WANTED = {"loss_min", "loss_max", "gradient_norm_min", "gradient_norm_max", "update_norm_min"}


@pytest.fixture(scope="module")
def few_digits():
    """Name of a dataset with the first 256 images of MNIST."""
    if not MNIST.is_dir():
        pytest.skip(f"no MNIST in {MNIST}")
    whole = data_lib.load(str(MNIST))
    few = whole._replace(images=whole.images[:256], labels=whole.labels[:256], name="few_digits")
    data_lib.DATA_SETS.register("few_digits", lambda: few)
    return "few_digits"


@pytest.mark.parametrize("optimizer", list(mm.optimizers))
@pytest.mark.parametrize("preset", ["gaussians", "mnist"])
def test_optimizer_trains_fifty_steps(preset, optimizer, tmp_path, request):
    jax.clear_caches()  # otherwise 40 programs stay in memory
    fields = {"data": request.getfixturevalue("few_digits")} if preset == "mnist" else {}
    config = gan.preset(preset, optimizer=optimizer, out=str(tmp_path), **SMALL, **fields)
    run = gan.train(config)
    records = [json.loads(line) for line in (tmp_path / "metrics.jsonl").read_text().splitlines()]
    records = [record for record in records if "loss_min" in record]
    assert [record["step"] for record in records] == [25, 50]
    for record in records:
        assert all(np.isfinite(record[name]) for name in WANTED), record
    start = build.build_pair(run.config, data_lib.load(config.data.source).images.shape[1:])
    moved = jax.tree.map(
        lambda a, b: bool(np.any(a != b)),
        mm.Players(start.generator.params, start.discriminator.params),
        run.state.players,
    )
    assert any(jax.tree.leaves(moved.min)) and any(jax.tree.leaves(moved.max))
    assert config.objective.loss in losses.LOSSES and int(run.state.step) == 50
