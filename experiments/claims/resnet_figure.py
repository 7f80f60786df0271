"""Figure of the ResNet runs, whose methods are in three records."""

from pathlib import Path

from experiments._shared.command import RESULTS
from experiments._shared.figures import save
from experiments.claims.adaptive_images import H100, h100
from experiments.dissecting.images import figure

PATH = RESULTS / "dissecting/images/h100/resnet64-scores.png"


def draw(path: Path = PATH) -> None:
    """Draws the final scores of all methods."""
    methods = {method: h100(method)["methods"][method] for method in H100}
    save(figure.final({**h100("adam_gda"), "methods": methods}), path)
