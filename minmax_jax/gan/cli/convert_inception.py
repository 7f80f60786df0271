"""`minmax-jax convert-inception` converts the published Inception weights, once."""

import dataclasses
from typing import Annotated

from tyro.conf import arg

from minmax_jax.gan.base.messages import print_lines, print_note
from minmax_jax.gan.config.fields import HIDE_DEFAULT
from minmax_jax.gan.evaluation import features


@dataclasses.dataclass(frozen=True)
class ConvertInception:
    """Convert the published Inception weights for FID and KID, once.

    The file is weights-inception-2015-12-05-6726825d.pth of torch-fidelity. Its SHA-256 is
    verified, and it is read as data, without running code in it. The converted weights are
    stored in the user's cache folder. PyTorch is not needed.
    """

    weights: Annotated[str | None, arg(metavar="FILE"), HIDE_DEFAULT] = None
    """The file. Default: the file in torch.hub's folder, $TORCH_HOME/hub/checkpoints or ~/.cache/torch/hub/checkpoints, where torch-fidelity keeps it."""  # noqa: E501
    download: bool = False
    """Download the file (91 MB) if it is not in these folders."""


def run(command: ConvertInception) -> None:
    """Converts the weights, and prints where they are."""
    path = features.convert_inception(command.weights, print_note, download=command.download)
    print_lines(f"Inception weights in {path}")
