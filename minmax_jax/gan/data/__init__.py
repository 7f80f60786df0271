"""Datasets in memory and the batches drawn from them."""

from minmax_jax.gan.data.arrays import from_arrays
from minmax_jax.gan.data.batches import batch, latents, to_float
from minmax_jax.gan.data.builtin_sets import digits, gaussians
from minmax_jax.gan.data.checksum import crc32
from minmax_jax.gan.data.dataset import Data, Modes, ShardFn, Totals
from minmax_jax.gan.data.registry import DATA_SETS, load
from minmax_jax.gan.data.sharding import (
    ShardedImages,
    put_on_devices,
    shard_images,
    shard_of_process,
)

__all__ = [
    "DATA_SETS",
    "Data",
    "Modes",
    "ShardFn",
    "ShardedImages",
    "Totals",
    "batch",
    "crc32",
    "digits",
    "from_arrays",
    "gaussians",
    "latents",
    "load",
    "put_on_devices",
    "shard_images",
    "shard_of_process",
    "to_float",
]
