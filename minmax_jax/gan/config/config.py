"""What a run is: one frozen dataclass, checked field by field, and its JSON form."""

import dataclasses
import math
from collections.abc import Iterable, Mapping
from typing import Annotated, Any

import minmax_jax as mm
from minmax_jax.gan.base.errors import ConfigError, check_name
from minmax_jax.gan.config.options import KEY_VALUES, Option, takes
from minmax_jax.parallel import BACKENDS

__all__ = ["Config", "ConfigError", "check", "check_name", "difference", "from_json", "to_json"]


@dataclasses.dataclass(frozen=True)
class Config:
    """Train a GAN, or resume the run that --out holds.

    Every default shown is the preset's; a flag given wins over the preset.
    """

    preset: str = "digits"
    """Named set of defaults: digits, gaussians, mnist, cifar10 or cifar10-resnet."""
    data: str = "digits"
    """digits (built in), gaussians (built in), or a folder or hub name that datasets.load_dataset reads."""  # noqa: E501
    label_column: str = ""
    """Column of the class labels; empty takes the only one of the type ClassLabel, if there is one."""  # noqa: E501
    out: str = ""
    """Run folder; a run found there is resumed. Empty: runs/PRESET-OPTIMIZER-sSEED."""
    seed: int = 0
    """Seed of the initial parameters and of every random draw."""
    devices: int = 0
    """Number of devices that share each batch; 0 takes all, of several processes together."""
    parallel: str = "pmap"
    """pmap or shard_map: what maps a step over the devices; the numbers are the same."""

    optimizer: str = "adam_gda"
    """Two-player optimizer: sgda, nsgda, ada_nsgda, adam_gda, or another of minmax_jax.optimizers."""  # noqa: E501
    learning_rate_min: float = 5e-4
    """Learning rate of the min player, the generator."""
    learning_rate_max: float = 2e-4
    """Learning rate of the max player, the discriminator."""
    options: Annotated[Mapping[str, Option], KEY_VALUES] = dataclasses.field(default_factory=dict)
    """Further arguments of the optimizer, such as b1=0.5 scope=global; added to the preset's."""
    max_steps: int = 1
    """Discriminator steps for each generator step; 1 is one joint update by the optimizer."""

    network: str = "mlp"
    """mlp, dcgan, resnet, mangoubi_gaussians, mangoubi_mnist or mangoubi_cifar."""
    width: int = 256
    """Width: hidden units of mlp, channels next to the image in dcgan and resnet; published are 128 for resnet and mangoubi_gaussians, 256 for mangoubi_mnist, 64 for mangoubi_cifar."""  # noqa: E501
    latent_dim: int = 32
    """Dimension of the generator's normal input."""
    spectral_norm: bool = False
    """Divide each layer of the discriminator by its largest singular value."""
    compute_dtype: str = "float32"
    """float32 or bfloat16: of products and activations; parameters and losses are float32."""
    loss: str = "non-saturating"
    """saturating, non-saturating, hinge, wasserstein, least-squares or relativistic."""
    penalty: float = 0.0
    """Weight of the gradient penalty on the discriminator; 0 turns it off, 10 is usual for wasserstein."""  # noqa: E501
    penalty_type: str = "wgan-gp"
    """wgan-gp, r1, r2 or r1+r2."""
    penalty_every: int = 1
    """Lazy interval: every so many updates take the penalty, with as many times its weight."""

    steps: int = 8000
    """Length of the run in updates. A finished run may be extended by a larger number."""
    batch_size: int = 64
    """Examples in one batch, over all devices together."""
    microbatches: int = 1
    """Parts in which each device takes its share, one after another, where it does not fit at once."""  # noqa: E501
    steps_per_call: int = 0
    """Updates in one compiled call; 0 chooses 1 for convolutions on the CPU, otherwise 50."""
    ema_decay: float = 0.999
    """Decay of the moving average of the generator that samples are drawn from; 0 turns it off."""

    log_every: int = 100
    """Updates between two lines of metrics.jsonl."""
    checkpoint_every: int = 2000
    """Updates between two checkpoints."""
    on_nonfinite: str = "stop"
    """At an update that is not finite: stop before it and save, or skip and count it (metrics.jsonl: skipped)."""  # noqa: E501
    keep: int = 3
    """How many of the newest checkpoints are kept."""
    keep_best: str = ""
    """A quantity in metrics.jsonl, such as frechet_distance: the checkpoint where it is lowest is kept too; NAME:max where it is highest."""  # noqa: E501
    evaluate: int = 5000
    """Samples drawn at the end to measure quality; 0 turns it off."""
    evaluate_every: int = 0
    """Updates between two evaluations while training, of as many samples; 0: only at the end."""


_AT_LEAST = {
    "seed": 0, "devices": 0, "max_steps": 1, "width": 1, "latent_dim": 1, "penalty": 0,
    "learning_rate_min": 0, "learning_rate_max": 0, "steps": 1, "batch_size": 2,
    "steps_per_call": 0, "ema_decay": 0, "log_every": 1, "checkpoint_every": 1, "keep": 1,
    "evaluate": 0, "evaluate_every": 0, "penalty_every": 1, "microbatches": 1,
}  # fmt: skip


def check(config: Config) -> Config:
    """Returns `config` if every value can be used.

    Raises:
      ConfigError: a name is unknown (with the nearest ones), a number is out of
        range, or the optimizer does not take an option (with the list that it takes).
    """
    from minmax_jax.gan.evaluation import scores
    from minmax_jax.gan.networks import DTYPES, NETWORKS
    from minmax_jax.gan.objective.losses import LOSSES
    from minmax_jax.gan.objective.penalties import PENALTIES
    from minmax_jax.gan.run import retention
    from minmax_jax.gan.training import nonfinite

    for field, known in {
        "optimizer": mm.optimizers,
        "network": NETWORKS,
        "loss": LOSSES,
        "penalty_type": PENALTIES,
        "compute_dtype": DTYPES,
        "parallel": BACKENDS,
        "on_nonfinite": nonfinite.POLICIES,
    }.items():
        check_name(field, getattr(config, field), known)
    for field, least in _AT_LEAST.items():
        value = getattr(config, field)
        if not (math.isfinite(value) and value >= least):
            raise ConfigError(f"{field}={value} is out of range; give a number of at least {least}")
    for field, limit in {"ema_decay": 1, "seed": 2**31}.items():
        if getattr(config, field) >= limit:
            value = getattr(config, field)
            raise ConfigError(f"{field}={value} is out of range; give a number below {limit}")
    retention.parse_best(config.keep_best)
    if 0 < config.evaluate < scores.LEAST or (config.evaluate_every and not config.evaluate):
        raise ConfigError(
            f"evaluate={config.evaluate} samples are too few to be scored; give at least "
            f"{scores.LEAST}, or 0 with evaluate_every=0 for no evaluation"
        )
    unknown = sorted(set(config.options) - set(takes(config.optimizer)))
    if unknown:
        known = ", ".join(takes(config.optimizer)) or "none"
        raise ConfigError(
            f"options: {config.optimizer} does not take {', '.join(unknown)}; it takes {known}"
        )
    return config


def to_json(config: Config) -> dict[str, Any]:
    """Returns the configuration as a dictionary that `json` writes."""
    return {**dataclasses.asdict(config), "options": dict(config.options)}


def from_json(values: Mapping[str, Any]) -> Config:
    """Returns the configuration that `to_json` wrote.

    Raises:
      ConfigError: a key is not a field of `Config`.
    """
    for key in values:
        check_name("configuration key", key, [field.name for field in dataclasses.fields(Config)])
    return Config(**values)


def difference(old: Config, new: Config, ignore: Iterable[str] = ()) -> list[str]:
    """Returns one text `field: old -> new` for each field that differs."""
    before, after = to_json(old), to_json(new)
    return [
        f"{name}: {before[name]!r} -> {after[name]!r}"
        for name in before
        if name not in ignore and before[name] != after[name]
    ]
