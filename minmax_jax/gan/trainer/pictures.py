"""Draws the samples and curves of a run, while it trains and when it ends early."""

from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from minmax_jax.gan import data as data_lib
from minmax_jax.gan.config import config as config_lib
from minmax_jax.gan.data import row_order
from minmax_jax.gan.generation import (
    fixed,
    image_files,
    image_io,
    loaded,
    statistics,
    timeline,
)
from minmax_jax.gan.run import files, run_folder, sample_files
from minmax_jax.gan.trainer import curves
from minmax_jax.gan.training import build
from minmax_jax.gan.training import step as step_lib

_BATCH = 64
"""Latents per pass for BatchNorm statistics: a picture needs less accuracy than a score."""


class Pictures:
    """Draws the same samples of a run at any step.

    The networks are built, and the generator is compiled, at the first picture.

    Args:
      config: Configuration of the run.
      folder: Run folder.
      data: Dataset of the run, or this process's shard.
    """

    def __init__(self, config: config_lib.Config, folder: Path, data: data_lib.Data) -> None:
        self._config, self._folder, self._data = config, folder, data
        self._pair: Any = None

    def of_run(self, config: config_lib.Config, folder: Path) -> "Pictures":
        """Returns the pictures of a run with the same networks and data, without new programs.

        Args:
          config: Configuration of the other run.
          folder: Its run folder.
        """
        self._build()
        other = Pictures(config, folder, self._data)
        other._pair, other._inputs = self._pair, self._inputs
        return other

    def add(self, step: int, state: step_lib.TrainState) -> None:
        """Writes the image of a step to the subfolder `samples`.

        Args:
          step: Number of updates so far.
          state: State after these updates, of one device or on the host.
        """
        path = sample_files.path(self._folder, step)
        files.make_folder(path.parent)
        self._write(path, state)

    def draw_early(self, state: step_lib.TrainState) -> None:
        """Writes `samples.png`, `curves.png` and the strip of a run that ends before its last step.

        Args:
          state: Last state, of one device or on the host.
        """
        self._write(self._folder / "samples.png", state)
        draw_curves(self._config, self._folder)
        self.draw_strip()

    def draw_strip(self) -> None:
        """Writes a strip of the samples over time, if at least two steps have an image."""
        steps = timeline.choose(sample_files.steps(self._folder))
        if len(steps) > 1:
            images = {}
            for step in steps:
                with Image.open(sample_files.path(self._folder, step)) as image:
                    images[step] = image.convert("RGB")
            columns = fixed.SIDE if self._data.kind == "image" else 1
            image_files.save_image(
                timeline.strip(images, columns), self._folder / sample_files.STRIP
            )

    def _write(self, path: Path, state: step_lib.TrainState) -> None:
        samples, columns = self._samples(state)
        if self._data.kind == "image":
            grid = image_io.grid(image_io.to_uint8(samples), columns=columns)
            image_files.save_image(grid, path)
            return
        shown = row_order.sample_rows(self._data.images, self._data.labels, 1000)
        figure = image_io.scatter(samples, self._data.images[shown])
        _frame(figure.axes[0], self._data.images[shown])
        image_files.save_figure(figure, path, dpi=60)

    def _build(self) -> None:
        if self._pair is None:
            self._pair = build.build_pair(
                self._config,
                self._data.images.shape[1:],
                num_classes=self._config.conditioning.num_classes(self._data),
            )
            self._inputs = fixed.fixed_inputs(self._pair)

    def _samples(self, state: step_lib.TrainState) -> tuple[np.ndarray, int]:
        self._build()
        latents, labels, columns = self._inputs
        stats = statistics.standing_statistics(
            self._pair, state.ema, state.stats.min, batch_size=_BATCH
        )
        samples = loaded.apply(self._pair.generator, state.ema, stats, latents, labels)
        return np.asarray(samples), columns


def _frame(axes: Any, real: np.ndarray) -> None:
    """Shows the surroundings of the real examples, the same at every step."""
    points = image_io.plane(real)
    low, high = points.min(0), points.max(0)
    half = 0.8 * float((high - low).max()) or 1.0
    (x, y) = (low + high) / 2
    axes.set(xlim=(x - half, x + half), ylim=(y - half, y + half))
    axes.set_aspect("equal", "box")


def draw_curves(config: config_lib.Config, folder: Path) -> None:
    """Writes `curves.png` from the records of a run."""
    optimizer = config.optimizer
    rates = f"{optimizer.learning_rate_min:g}, {optimizer.learning_rate_max:g}"
    title = (
        f"{config.data.source}, {config.networks.name}: {optimizer.name}, learning rates {rates}"
    )
    records = run_folder.read_metrics(folder)
    image_files.save_figure(curves.draw(records, title), folder / "curves.png")
