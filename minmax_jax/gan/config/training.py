"""Configuration of the training steps and the devices."""

import dataclasses
from typing import Annotated

from tyro.conf import arg

from minmax_jax.gan.config.fields import AtLeast, Below, Group, OneOf, choices
from minmax_jax.parallel import BACKENDS

FSDP = "fsdp"
"""Value of `parallel` that divides the state among devices, instead of copying it."""

PARALLEL = (*BACKENDS, FSDP)
"""Ways to run a step on several devices."""

ON_NONFINITE = ("stop", "skip")
"""What a run can do at an update that is not finite."""


@dataclasses.dataclass(frozen=True)
class TrainingConfig(Group):
    """Training steps and devices."""

    steps: Annotated[int, AtLeast(1)] = 8000
    """Number of updates. A larger number extends a finished run."""
    batch_size: Annotated[int, AtLeast(2)] = 64
    """Examples per batch, summed over all devices."""
    microbatches: Annotated[int, AtLeast(1)] = 1
    """Number of microbatches per device. Gradients are averaged over them to save memory."""
    steps_per_call: Annotated[int, AtLeast(0)] = 0
    """Updates per compiled call. 0 selects up to 50, in calls of about half a second. Networks with XLA's own convolutions make 1 per call on CPU."""  # noqa: E501
    ema_decay: Annotated[float, AtLeast(0), Below(1)] = 0.999
    """Decay of the moving average of the generator's parameters. Samples come from this average; 0 turns it off."""  # noqa: E501
    ema_half_life: Annotated[float, AtLeast(0)] = 0.0
    """Half-life of this average in images, instead of ema_decay. 0 uses ema_decay, unless ema has a schedule, which then starts at 0: no average."""  # noqa: E501
    devices: Annotated[int, AtLeast(0)] = 0
    """Number of devices among which each batch is divided. 0 uses all, of all processes."""
    parallel: Annotated[str, OneOf(PARALLEL), arg(metavar=choices(PARALLEL))] = "pmap"
    """How a step runs on several devices. fsdp divides parameters, optimizer state and moving average among the devices of a process, the others copy them. Results agree up to rounding."""  # noqa: E501
    on_nonfinite: Annotated[str, OneOf(ON_NONFINITE), arg(metavar=choices(ON_NONFINITE))] = "stop"
    """At a non-finite update: stop before it and save, or skip it and count it (`skipped` in metrics.jsonl)."""  # noqa: E501
