"""Run folders with an untrained checkpoint, which need no compiled step."""

import jax
import numpy as np

from minmax_jax.gan.config import presets
from minmax_jax.gan.run import checkpoint, run_folder
from minmax_jax.gan.training import build
from minmax_jax.gan.training import step as step_lib

SMALL = {"width": 4, "latent_dim": 4, "batch_size": 8, "evaluate": 0, "devices": 1, "steps": 8}


def untrained_run(folder, preset="digits", step=4, **values):
    """Writes a run with one checkpoint, whose BatchNorm statistics differ from the initial ones."""
    config = presets.preset(preset, out=str(folder), **{**SMALL, **values}).check()
    data = config.data.load()
    run_folder.open_run(folder, config, data)
    state = step_lib.init(*build.build_game(config, data, 1))
    state = state._replace(
        step=np.int32(step), stats=jax.tree.map(lambda leaf: leaf + 0.25, state.stats)
    )
    checkpoint.Checkpoints(folder / "checkpoints", print).save(step, state)
    return folder
