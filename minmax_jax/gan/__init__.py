"""GAN training: networks, losses, data, a resumable trainer and its command line.

>>> from minmax_jax import gan
>>> config = gan.preset("digits", optimizer="nsgda", steps=1000)
>>> run = gan.train(config)  # doctest: +SKIP
>>> images = gan.sample(run.folder, 16)  # doctest: +SKIP
"""

from minmax_jax.gan.config import Config, ConfigError
from minmax_jax.gan.data import DataError
from minmax_jax.gan.finish import Run
from minmax_jax.gan.presets import PRESETS, preset
from minmax_jax.gan.sampling import sample
from minmax_jax.gan.trainer import train

__all__ = ["PRESETS", "Config", "ConfigError", "DataError", "Run", "preset", "sample", "train"]
