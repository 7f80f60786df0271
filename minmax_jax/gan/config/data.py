"""Configuration of the training data."""

import dataclasses
from typing import Annotated

from tyro.conf import arg

from minmax_jax.gan.config.fields import HIDE_DEFAULT, Group
from minmax_jax.gan.data.registry import DATA_SETS


@dataclasses.dataclass(frozen=True)
class DataConfig(Group):
    """Training data."""

    source: Annotated[
        str,
        arg(
            name="data",
            help=f"Dataset: {', '.join(DATA_SETS)} (built in), or an image folder or Hugging Face "
            "Hub name for datasets.load_dataset.",
        ),
    ] = "digits"
    """Name of a registered dataset, or an argument of `datasets.load_dataset`."""
    label_column: Annotated[str, HIDE_DEFAULT] = ""
    """Label column. Default: the only ClassLabel column, if there is exactly one."""
