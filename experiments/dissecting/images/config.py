"""What `images` runs: its arguments, and what each size means."""

import dataclasses
from typing import Any

from experiments.dissecting.images.methods import METHODS
from minmax_jax import gan
from minmax_jax.gan.base.errors import check_name

SIZES: dict[str, dict[str, Any]] = {
    "cpu": {
        "data": "ylecun/mnist", "network": "dcgan", "loss": "non-saturating", "penalty": "none",
        "width": 8, "latent_dim": 64, "batch_size": 32, "ema_decay": 0.99, "b2": 0.999,
        "tune_steps": 600, "steps": 2000, "seeds": 5, "log_every": 20,
    },
    # The next one's setting, at what two CPU cores train in two hours.
    "resnet": {
        "data": "uoft-cs/cifar10", "network": "resnet", "loss": "wasserstein",
        "penalty": "wgan-gp", "width": 8, "latent_dim": 64, "batch_size": 16,
        "ema_decay": 0.99, "b2": 0.9, "tune_steps": 300, "steps": 1000, "seeds": 3,
        "log_every": 20,
    },
    # The lineage's configuration (GauthierGidel/Variational-Inequality-GAN); three seeds.
    "accelerator": {
        "data": "uoft-cs/cifar10", "network": "resnet", "loss": "wasserstein",
        "penalty": "wgan-gp", "width": 128, "latent_dim": 128, "batch_size": 64,
        "ema_decay": 0.9999, "b2": 0.9, "tune_steps": 5000, "steps": 50_000, "seeds": 3,
        "log_every": 100,
    },
}  # fmt: skip
"""Size -> the fields of `Config` that are not given."""


@dataclasses.dataclass(frozen=True)
class Config:
    """Tune the rates of every method with one budget, then train with the best on fresh seeds."""

    size: str = "cpu"
    """cpu (MNIST, DCGAN, non-saturating), resnet (CIFAR-10, a narrow ResNet, WGAN-GP) or accelerator (the same, 128 channels wide); the fields left out are the size's."""  # noqa: E501
    runs: str = "runs/images"
    """Folder of the runs; a finished run is not repeated."""
    methods: tuple[str, ...] = tuple(METHODS)
    """Which methods, one after the other."""
    piece_minutes: float = 120.0
    """Stop after so long, everything saved; the same command goes on. At most 120."""
    data: str | None = None
    """A hub name or folder that datasets.load_dataset reads, or digits."""
    network: str | None = None
    """As in minmax-jax train: dcgan, resnet, mlp, ..."""
    loss: str | None = None
    """non-saturating, wasserstein, ..."""
    penalty: str | None = None
    """none, or the kind of gradient penalty on the discriminator, with weight 10: wgan-gp, r1, ..."""  # noqa: E501
    width: int | None = None
    """Channels next to the image."""
    latent_dim: int | None = None
    """Dimension of the generator's input."""
    batch_size: int | None = None
    """Images in a batch."""
    ema_decay: float | None = None
    """Decay of the averaged generator, whose samples are judged."""
    b1: float = 0.5
    """Adam's, for every method that has it."""
    b2: float | None = None
    """Adam's, for every method that has it."""
    tune_steps: int | None = None
    """Updates of a tuning run."""
    steps: int | None = None
    """Updates of a final run."""
    seeds: int | None = None
    """Final runs have the seeds 0, 1, ..."""
    log_every: int | None = None
    """Updates between two lines of norms."""
    tune_seed: int = 1000
    """Seed of the grid's runs; the best cells have the next ones too."""
    powers: tuple[int, ...] = (-2, -1, 0, 1, 2, 3)
    """A grid's rates are the centre times four to these powers."""
    again: tuple[int, int] = (3, 2)
    """So many cells, the best of the grid, run again with so many further tuning seeds."""
    tune_evaluate: int = 2000
    """Samples judged at the end of a tuning run."""
    evaluate: int = 5000
    """Samples judged at the end of a final run."""
    extractor: str = ""
    """In whose features: classifier, pixels, inception; empty takes what suits the data."""


def settle(config: Config) -> Config:
    """Returns the configuration with the size's values where none is given.

    Raises:
      ConfigError: a size or a method is not known, or a number cannot be used.
    """
    check_name("size", config.size, SIZES)
    for method in config.methods:
        check_name("methods", method, METHODS)
    given = {f: v for f, v in dataclasses.asdict(config).items() if v is not None}
    config = Config(**{**SIZES[config.size], **given})
    if not 0 < config.piece_minutes <= 120:
        raise gan.ConfigError(
            f"piece_minutes={config.piece_minutes:g} is out of range; give more than 0, at most 120"
        )
    if not 0 < (config.seeds or 0) <= config.tune_seed:
        raise gan.ConfigError(
            f"seeds={config.seeds}: there is none, or they include those of tuning; give 1 to "
            f"{config.tune_seed}"
        )
    if not config.powers or not 1 <= config.again[0] <= len(config.powers) ** 2:
        raise gan.ConfigError(
            f"powers={config.powers}, again={config.again}: the grid has fewer cells than are run "
            "again; give more powers, or fewer cells"
        )
    return config


def trained(config: Config) -> gan.Config:
    """Returns the library's configuration of every run; `config` is settled."""
    penalty: dict[str, Any] = {"penalty": 0.0}
    if config.penalty != "none":
        penalty = {"penalty": 10.0, "penalty_type": config.penalty}
    names = ("data", "network", "loss", "width", "latent_dim", "batch_size", "ema_decay",
             "log_every")  # fmt: skip
    fields = {name: getattr(config, name) for name in names}
    options = {"b1": config.b1, "b2": config.b2}
    return gan.Config.from_flat(
        {**fields, **penalty, "options": options, "evaluate": config.evaluate, "devices": 1}
    )
