"""`minmax-jax sample`: samples and latent interpolations of a run, into a file."""

import dataclasses

from minmax_jax.gan.generation import image_io, sampling

FILM = 48
"""Frames of a GIF whose number is not given: a loop of about three seconds."""


@dataclasses.dataclass(frozen=True)
class Sample:
    """Draw samples or latent walks from the averaged generator of a run."""

    run: str
    """Run folder, as given to train --out."""
    out: str
    """File to write: .png for a picture, .gif for a film of walks, .npz for the array `samples`."""
    num: int | None = None
    """How many samples or walks; 64 samples, 8 walks or a film of 16 if not given."""
    seed: int = 0
    """Seed of the latents: the same latents in every run and at every step."""
    step: int | None = None
    """Which checkpoint of the run; the newest if not given."""
    interpolate: int = 0
    """Pictures on a walk through latent space, 0 for samples. A .png has a row for each walk from one latent to another; a .gif loops, 48 pictures long if not given."""  # noqa: E501


def run(command: Sample) -> None:
    """Draws and writes the file."""
    path = image_io.check_file(command.out, (".png", ".gif", ".npz"))
    film = path.suffix == ".gif"
    given = {"seed": command.seed, "step": command.step}
    if film or command.interpolate:
        num = (16 if film else 8) if command.num is None else command.num
        frames = command.interpolate or FILM
        samples = sampling.interpolate(command.run, num, num_frames=frames, loop=film, **given)
        what = f"{num} walks of {frames} pictures"
    else:
        num = 64 if command.num is None else command.num
        samples = sampling.sample(command.run, num, **given)
        what = f"{num} samples"
    image_io.write(samples, path)
    print(f"{what} in {path}")
