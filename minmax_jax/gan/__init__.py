"""GAN training: networks, losses, data, a resumable trainer and its command line.

>>> from minmax_jax import gan
>>> config = gan.preset("digits", optimizer="nsgda", steps=1000)
>>> run = gan.train(config)  # doctest: +SKIP
>>> images = gan.sample(run.folder, 16)  # doctest: +SKIP
"""

from minmax_jax.gan.comparison import Comparison, compare
from minmax_jax.gan.config import Config, ConfigError
from minmax_jax.gan.data import SETS as DATA_SETS
from minmax_jax.gan.data import Data, DataError
from minmax_jax.gan.errors import NonFinite, Stopped, Terminated, WriteFailed
from minmax_jax.gan.evaluation import evaluate
from minmax_jax.gan.finish import Run
from minmax_jax.gan.losses import LOSSES, Loss
from minmax_jax.gan.networks import NETWORKS, purify
from minmax_jax.gan.own_data import from_arrays
from minmax_jax.gan.pictures import write
from minmax_jax.gan.presets import PRESETS, preset
from minmax_jax.gan.sampling import interpolate, sample
from minmax_jax.gan.sweeps import Grid, Sweep, read_sweep, sweep
from minmax_jax.gan.trainer import train

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
