"""Datasets in memory and the batches drawn from them."""

from minmax_jax.gan.data.arrays import from_arrays
from minmax_jax.gan.data.batches import (
    batch,
    batch_of_labels,
    labeled_batch,
    latents,
    microbatch,
    to_float,
)
from minmax_jax.gan.data.builtin_sets import digits, gaussians
from minmax_jax.gan.data.checksum import crc32
from minmax_jax.gan.data.dataset import Data, Modes, ShardFn, Skipped, Totals
from minmax_jax.gan.data.examples import Examples, as_examples
from minmax_jax.gan.data.preprocessing import CROPS, Preprocessing
from minmax_jax.gan.data.registry import DATA_SETS, load
from minmax_jax.gan.data.report import lines
from minmax_jax.gan.data.sharding import (
    ShardedImages,
    put_on_devices,
    shard_images,
    shard_of_process,
)
from minmax_jax.gan.data.streaming.choice import Streaming
from minmax_jax.gan.data.streaming.order import PENALTY_STREAM
from minmax_jax.gan.data.streaming.sample import in_memory
from minmax_jax.gan.data.streaming.window import at_step, for_penalty

__all__ = [
    "CROPS",
    "DATA_SETS",
    "PENALTY_STREAM",
    "Data",
    "Examples",
    "Modes",
    "Preprocessing",
    "ShardFn",
    "ShardedImages",
    "Skipped",
    "Streaming",
    "Totals",
    "as_examples",
    "at_step",
    "batch",
    "batch_of_labels",
    "crc32",
    "digits",
    "for_penalty",
    "from_arrays",
    "gaussians",
    "in_memory",
    "labeled_batch",
    "latents",
    "lines",
    "load",
    "microbatch",
    "put_on_devices",
    "shard_images",
    "shard_of_process",
    "to_float",
]
