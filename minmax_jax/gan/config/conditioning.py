"""Configuration of class-conditional training."""

import dataclasses
from typing import Annotated

from tyro.conf import arg

from minmax_jax.gan.base.errors import ConfigError
from minmax_jax.gan.config.fields import Group, OneOf, choices
from minmax_jax.gan.data import Data
from minmax_jax.gan.objective.fake_labels import FAKE_LABELS


@dataclasses.dataclass(frozen=True)
class ConditioningConfig(Group):
    """Class-conditional training."""

    conditional: bool = False
    """Pass the labels of the data to both networks, so that samples of a class can be drawn. A network that does not use labels is trained without them."""  # noqa: E501
    fake_labels: Annotated[str, OneOf(FAKE_LABELS), arg(metavar=choices(FAKE_LABELS))] = (
        "frequencies"
    )
    """Classes of generated examples in conditional training: as frequent as in the data, all equally frequent, or the labels of the real batch."""  # noqa: E501

    def num_classes(self, data: Data) -> int:
        """Returns the number of classes of a conditional run on this dataset, otherwise 0.

        Raises:
          ConfigError: If the run is conditional and the dataset has fewer than two classes.
        """
        if not self.conditional:
            return 0
        classes = data.num_classes if data.labels is not None else None
        if classes is None or classes < 2:
            has = f"{classes} class" if classes else "no labels"
            raise ConfigError(
                f"conditional needs data with at least two classes, got {has} in {data.name}. Add "
                "labels (class folders or --label-column), or remove --conditional."
            )
        return classes
