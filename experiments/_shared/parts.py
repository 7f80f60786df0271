"""Parts of an experiment, each in a JSON file with its configuration."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from experiments._shared.checks import format_changes
from experiments._shared.files import read_or_compute
from minmax_jax import gan


def read_or_run(path: Path, config: Mapping[str, Any], run: Callable[[], Any]) -> Any:
    """Returns the result of a finished part; runs it first and writes the file if it is missing.

    Args:
      path: JSON file of the part.
      config: All fields on which the result depends.
      run: Function that returns the result.

    Raises:
      ConfigError: If the file has a part with another configuration.
    """
    config = json.loads(json.dumps(config))
    kept = read_or_compute(path, lambda: {"config": config, "found": run()})
    # A field that only the file has is a change as well.
    if changes := format_changes(kept["config"], {**dict.fromkeys(kept["config"]), **config}):
        raise gan.ConfigError(
            f"{path} has another configuration; choose another --runs, or give the values of that "
            f"run ({changes})."
        )
    return kept["found"]
