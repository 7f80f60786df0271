"""GAN training: networks, losses, data, a resumable trainer and its command line.

>>> from minmax_jax import gan
>>> config = gan.preset("digits", optimizer="nsgda", steps=1000)
>>> run = gan.train(config)  # doctest: +SKIP
>>> images = gan.sample(run.folder, 16)  # doctest: +SKIP
"""

from minmax_jax.gan.base.errors import DataError, NonFinite, Stopped, Terminated, WriteFailed
from minmax_jax.gan.comparison import Comparison, compare
from minmax_jax.gan.config.config import Config, ConfigError
from minmax_jax.gan.config.presets import PRESETS, preset
from minmax_jax.gan.data.arrays import from_arrays
from minmax_jax.gan.data.dataset import Data
from minmax_jax.gan.data.registry import DATA_SETS
from minmax_jax.gan.evaluation.evaluate import evaluate
from minmax_jax.gan.generation.image_io import write
from minmax_jax.gan.generation.sampling import interpolate, sample
from minmax_jax.gan.networks import NETWORKS, purify
from minmax_jax.gan.objective.losses import LOSSES, Loss
from minmax_jax.gan.sweeps import Grid, Sweep, read_sweep, sweep
from minmax_jax.gan.trainer.finish import Run
from minmax_jax.gan.trainer.train import train

__all__ = [
    "DATA_SETS",
    "LOSSES",
    "NETWORKS",
    "PRESETS",
    "Comparison",
    "Config",
    "ConfigError",
    "Data",
    "DataError",
    "Grid",
    "Loss",
    "NonFinite",
    "Run",
    "Stopped",
    "Sweep",
    "Terminated",
    "WriteFailed",
    "compare",
    "evaluate",
    "from_arrays",
    "interpolate",
    "preset",
    "purify",
    "read_sweep",
    "sample",
    "sweep",
    "train",
    "write",
]
