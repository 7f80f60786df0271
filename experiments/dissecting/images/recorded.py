"""Learning rates from an earlier record of the image experiment."""

import json
from pathlib import Path
from typing import Any

from experiments._shared.checks import format_changes
from experiments.dissecting.images.config import Config
from minmax_jax import gan

SAME = ("network", "loss", "penalty", "width", "latent_dim", "batch_size", "b1", "b2")
"""Fields on which learning rates depend."""


def recorded_tuning(config: Config) -> dict[str, list[dict[str, Any]]]:
    """Returns the tuning of each method from the record `config.tuned`.

    Raises:
      ConfigError: If the file is not a record of this experiment, lacks a method, or its networks,
        loss or Adam options differ.
    """
    try:
        record = json.loads(Path(config.tuned).read_text())
        about, found = record["config"], {m: f["tuning"] for m, f in record["methods"].items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise gan.ConfigError(
            f"tuned={config.tuned} is not a record of this experiment ({error!r}); give a JSON "
            "file that it has written"
        ) from error
    if lacking := [method for method in config.methods if method not in found]:
        raise gan.ConfigError(
            f"tuned={config.tuned} has no learning rates of {', '.join(lacking)}; give --methods "
            f"from {', '.join(found)}"
        )
    if changes := format_changes(about, {name: getattr(config, name) for name in SAME}):
        raise gan.ConfigError(
            f"tuned={config.tuned} was tuned for another setting ({changes}); tune again, or give "
            "its values"
        )
    return found
