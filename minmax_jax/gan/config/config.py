"""The configuration of a run, in groups of fields that also have flat names."""

import dataclasses
import functools
from collections.abc import Iterable, Mapping
from typing import Any, Self

from minmax_jax.gan.base.errors import ConfigError, check_name
from minmax_jax.gan.base.messages import short
from minmax_jax.gan.config.augmentation import AugmentationConfig
from minmax_jax.gan.config.conditioning import ConditioningConfig
from minmax_jax.gan.config.data import DataConfig
from minmax_jax.gan.config.evaluation import EvaluationConfig
from minmax_jax.gan.config.fields import Group, fields_of
from minmax_jax.gan.config.networks import NetworksConfig
from minmax_jax.gan.config.objective import ObjectiveConfig, check_penalty_step
from minmax_jax.gan.config.optimizer import OptimizerConfig
from minmax_jax.gan.config.run import RunConfig
from minmax_jax.gan.config.schedules import SchedulesConfig, check_schedules, text_of
from minmax_jax.gan.config.training import TrainingConfig


@dataclasses.dataclass(frozen=True)
class Config:
    """Configuration of a run.

    Every field also has a flat name: its flag on the command line, with underscores. So
    `config.training.batch_size` is `--batch-size` and `config.replace(batch_size=128)`.

    Example:
      >>> config = Config().replace(network="dcgan", width=16)
      >>> config.networks.name, config.flat()["network"]
      ('dcgan', 'dcgan')
    """

    run: RunConfig = dataclasses.field(default_factory=RunConfig)
    data: DataConfig = dataclasses.field(default_factory=DataConfig)
    networks: NetworksConfig = dataclasses.field(default_factory=NetworksConfig)
    conditioning: ConditioningConfig = dataclasses.field(default_factory=ConditioningConfig)
    objective: ObjectiveConfig = dataclasses.field(default_factory=ObjectiveConfig)
    augmentation: AugmentationConfig = dataclasses.field(default_factory=AugmentationConfig)
    optimizer: OptimizerConfig = dataclasses.field(default_factory=OptimizerConfig)
    training: TrainingConfig = dataclasses.field(default_factory=TrainingConfig)
    schedules: SchedulesConfig = dataclasses.field(default_factory=SchedulesConfig)
    evaluation: EvaluationConfig = dataclasses.field(default_factory=EvaluationConfig)

    @classmethod
    def from_flat(cls, values: Mapping[str, Any]) -> Self:
        """Returns the configuration with the given values, and defaults for other fields.

        Args:
          values: Values by flat name, such as `{"batch_size": 128}`.

        Raises:
          ConfigError: If a name is unknown.
        """
        return cls().replace(**values)

    def flat(self) -> dict[str, Any]:
        """Returns all values by flat name, such as `"batch_size"`."""
        return {
            name: _plain(getattr(getattr(self, group), attribute))
            for name, (group, attribute) in places().items()
        }

    def replace(self, **flat: Any) -> Self:
        """Returns a copy with some values replaced.

        Args:
          **flat: New values by flat name, such as `batch_size=128`.

        Raises:
          ConfigError: If a name is unknown.
        """
        check_names(flat)
        changes: dict[str, dict[str, Any]] = {}
        for name, value in flat.items():
            group, attribute = places()[name]
            changes.setdefault(group, {})[attribute] = value
        groups = {
            group: dataclasses.replace(getattr(self, group), **values)
            for group, values in changes.items()
        }
        return dataclasses.replace(self, **groups)

    def check(self) -> Self:
        """Returns this configuration after checking every value.

        Raises:
          ConfigError: If a name is unknown (the message has the nearest ones), a number is
            out of range, or the optimizer does not have an option.
        """
        for group in self._groups():
            group.check()
        check_penalty_step(self)
        check_schedules(self)
        return self

    def to_json(self) -> dict[str, dict[str, Any]]:
        """Returns a JSON-serializable dict from group names to dicts of values."""
        return {
            group.name: {
                field.name: _plain(getattr(getattr(self, group.name), field.name))
                for field in dataclasses.fields(getattr(self, group.name))
            }
            for group in dataclasses.fields(self)
        }

    @classmethod
    def from_json(cls, values: Any) -> Self:
        """Returns the configuration that `to_json` wrote; missing values have their defaults.

        Args:
          values: Parsed JSON, which may come from a file that anybody has written.

        Raises:
          ConfigError: If a group or a key is unknown, or `check` refuses a value.
        """
        if not isinstance(values, Mapping):
            raise ConfigError(f"config must be a mapping, got {short(values)}.")
        types = {field.name: field.default_factory for field in dataclasses.fields(cls)}
        groups: dict[str, Any] = {}
        for name, fields in values.items():
            check_name("configuration key", name, types)
            if not isinstance(fields, Mapping):
                raise ConfigError(f"{name} must be a mapping, got {short(fields)}.")
            group: Any = types[name]
            for key in fields:
                check_name(
                    "configuration key", key, [field.name for field in dataclasses.fields(group)]
                )
            groups[name] = group(**fields)
        return cls(**groups).check()

    def difference(self, new: "Config", ignore: Iterable[str] = ()) -> list[str]:
        """Returns one text `name: old -> new` for each value that differs in `new`."""
        before, after = self.flat(), new.flat()
        return [
            f"{name}: {before[name]!r} -> {after[name]!r}"
            for name in before
            if name not in ignore and before[name] != after[name]
        ]

    def _groups(self) -> list[Group]:
        return [getattr(self, field.name) for field in dataclasses.fields(self)]


def _plain(value: Any) -> Any:
    """Returns a mapping as a dictionary with text for functions, and any other value as it is."""
    if not isinstance(value, Mapping):
        return value
    return {key: text_of(item) if callable(item) else item for key, item in value.items()}


@functools.cache
def places() -> dict[str, tuple[str, str]]:
    """Returns a dictionary from the flat name of each field of `Config` to group and attribute."""
    return {
        field.name: (group.name, field.attribute)
        for group in dataclasses.fields(Config)
        if isinstance(group.type, type)
        for field in fields_of(group.type)
    }


def check_names(flat: Iterable[str]) -> None:
    """Raises `ConfigError` if a name is not the flat name of a field."""
    for name in flat:
        check_name("field", name, places())
