"""`minmax-jax sample`: draw from a run's averaged generator into a file."""

import dataclasses

from minmax_jax.gan import sampling


@dataclasses.dataclass(frozen=True)
class Sample:
    """Draw samples from the averaged generator of a run."""

    run: str
    """Run folder, as given to train --out."""
    out: str
    """File to write: .png for a picture, .npz for the array `samples`."""
    num: int = 64
    """How many samples."""
    seed: int = 0
    """Seed of the latents."""


def run(command: Sample) -> None:
    """Draws the samples and writes the file."""
    path = sampling.check_file(command.out)
    sampling.write(sampling.sample(command.run, command.num, seed=command.seed), path)
    print(f"{command.num} samples in {path}")
