"""GAN trainer with resumable runs, evaluation, sweeps and a command line.

>>> from minmax_jax import gan
>>> config = gan.preset("digits", optimizer="nsgda", steps=1000)
>>> run = gan.train(config)  # doctest: +SKIP
>>> images = gan.sample(run.folder, 16)  # doctest: +SKIP

The folders, in import order:

base          errors with exit codes, registries, limits and the array cache
data          datasets in memory, and the batches drawn from them
networks      pairs of generator and discriminator
objective     losses, gradient penalties, augmentation, and the game built from them
config        the configuration of a run, its checks and presets
training      one training step, the non-finite guard, compiled programs, the loop and its hooks
multihost     processes that train one run together, and signals
run           the run folder: lock, metrics, evaluations, checkpoints and progress
generation    trained generators, their samples and export, and image files
evaluation    metrics of samples in the features of an extractor
trainer       the function `train`
sweeps        grids of optimizers, learning rates and seeds
comparison    tables and figures of several runs
cli           the command line `minmax-jax`
"""

import minmax_jax.gan.base.extra  # isort: skip  # noqa: F401  It must come first.
from minmax_jax.gan.base.errors import (
    ConfigError,
    DataError,
    DataFailed,
    HostFailed,
    NonFinite,
    RunsFailed,
    Stopped,
    Terminated,
    WriteFailed,
)
from minmax_jax.gan.comparison import Comparison, compare
from minmax_jax.gan.config.config import Config
from minmax_jax.gan.config.preset_registry import PRESETS, Preset
from minmax_jax.gan.config.presets import preset
from minmax_jax.gan.config.schedule_shapes import SCHEDULES
from minmax_jax.gan.data import DATA_SETS, Data, Examples, from_arrays, put_on_devices
from minmax_jax.gan.data import batch as draw_batch
from minmax_jax.gan.data import latents as draw_latents
from minmax_jax.gan.data import load as load_data
from minmax_jax.gan.evaluation import metrics
from minmax_jax.gan.evaluation.evaluate import evaluate
from minmax_jax.gan.evaluation.evaluator import SampleEvaluator
from minmax_jax.gan.evaluation.features import EXTRACTORS, convert_inception
from minmax_jax.gan.evaluation.features import build as build_extractor
from minmax_jax.gan.evaluation.features import default as default_extractor
from minmax_jax.gan.evaluation.scores import METRICS, Metric
from minmax_jax.gan.generation.export import export
from minmax_jax.gan.generation.generator import draw_samples, recompute_batch_stats
from minmax_jax.gan.generation.image_io import grid as image_grid
from minmax_jax.gan.generation.image_io import to_uint8, write
from minmax_jax.gan.generation.loaded import LoadedGenerator, load
from minmax_jax.gan.generation.sampling import interpolate, sample, sample_classes
from minmax_jax.gan.networks import NETWORKS, Network, Pair, apply_in_order, purify
from minmax_jax.gan.networks import build as build_networks
from minmax_jax.gan.objective import (
    FAKE_LABELS,
    LOSSES,
    PENALTIES,
    Game,
    Loss,
    Penalty,
    gradient_fields,
)
from minmax_jax.gan.objective.augmentation import (
    AUGMENTATIONS,
    AffineMap,
    Augmentation,
    ColorMap,
    ImageMap,
)
from minmax_jax.gan.run.checkpoint import Checkpoints
from minmax_jax.gan.run.checkpoint import fill as fill_checkpoint
from minmax_jax.gan.run.run_folder import append_metrics, discard_metrics_after, read_metrics
from minmax_jax.gan.run.run_folder import describe as describe_data
from minmax_jax.gan.sweeps import Grid, Sweep, read_sweep, sweep
from minmax_jax.gan.trainer.finish import Run
from minmax_jax.gan.trainer.train import train
from minmax_jax.gan.training.build import build_game, build_optimizer, build_pair
from minmax_jax.gan.training.gradient_norms import recorders as gradient_norm_recorders
from minmax_jax.gan.training.loop import Hook
from minmax_jax.gan.training.loop import run as train_loop
from minmax_jax.gan.training.program import Program, compile_program, compile_tunable_program
from minmax_jax.gan.training.step import TrainState, train_step
from minmax_jax.gan.training.step import init as init_state

__all__ = [  # noqa: RUF022  grouped by use
    # registries
    "AUGMENTATIONS",
    "DATA_SETS",
    "EXTRACTORS",
    "FAKE_LABELS",
    "LOSSES",
    "METRICS",
    "NETWORKS",
    "PENALTIES",
    "PRESETS",
    "SCHEDULES",
    # runs
    "Comparison",
    "Config",
    "Grid",
    "LoadedGenerator",
    "Preset",
    "Run",
    "Sweep",
    "compare",
    "convert_inception",
    "evaluate",
    "export",
    "interpolate",
    "load",
    "preset",
    "read_metrics",
    "read_sweep",
    "sample",
    "sample_classes",
    "sweep",
    "train",
    "write",
    # errors
    "ConfigError",
    "DataError",
    "DataFailed",
    "HostFailed",
    "NonFinite",
    "RunsFailed",
    "Stopped",
    "Terminated",
    "WriteFailed",
    # your own data, networks, losses and transformations
    "AffineMap",
    "ColorMap",
    "Data",
    "Examples",
    "ImageMap",
    "Loss",
    "Metric",
    "Network",
    "Penalty",
    "from_arrays",
    "purify",
    # parts of a training loop of your own
    "Augmentation",
    "Checkpoints",
    "Game",
    "Hook",
    "Pair",
    "Program",
    "TrainState",
    "append_metrics",
    "build_game",
    "apply_in_order",
    "build_networks",
    "build_optimizer",
    "build_pair",
    "compile_program",
    "compile_tunable_program",
    "describe_data",
    "discard_metrics_after",
    "draw_batch",
    "draw_latents",
    "fill_checkpoint",
    "gradient_fields",
    "gradient_norm_recorders",
    "init_state",
    "load_data",
    "put_on_devices",
    "train_loop",
    "train_step",
    # evaluation of your own samples
    "SampleEvaluator",
    "build_extractor",
    "default_extractor",
    "draw_samples",
    "image_grid",
    "metrics",
    "recompute_batch_stats",
    "to_uint8",
]
