"""Configuration of the training data."""

import dataclasses
from typing import Annotated

from tyro.conf import arg

from minmax_jax.gan.base.errors import ConfigError
from minmax_jax.gan.config.fields import HIDE_DEFAULT, AtLeast, AtMost, Group, choices
from minmax_jax.gan.data import Data, Preprocessing, ShardFn, Streaming
from minmax_jax.gan.data.loading import Announce, Loading
from minmax_jax.gan.data.preprocessing import CROPS
from minmax_jax.gan.data.registry import DATA_SETS, load


@dataclasses.dataclass(frozen=True)
class DataConfig(Group):
    """Training data and preprocessing."""

    source: Annotated[
        str,
        arg(
            name="data",
            help=f"Dataset: {', '.join(DATA_SETS)} (built in), or an image folder or Hugging Face "
            "Hub name for datasets.load_dataset.",
        ),
    ] = "digits"
    """Name of a registered dataset, a folder, or an argument of `datasets.load_dataset`."""
    label_column: Annotated[str, HIDE_DEFAULT] = ""
    """Label column, or none to train without labels. Default: the class folders, the only ClassLabel column, or the only column named label, labels or class."""  # noqa: E501
    image_column: Annotated[str, HIDE_DEFAULT] = ""
    """Image column. Default: the only one."""
    resize: int = 0
    """Resize images with antialiasing until their shorter side has this many pixels. 0 keeps their size. Add --crop for squares."""  # noqa: E501
    crop: Annotated[str, arg(metavar=choices(CROPS))] = "none"
    """Cut every image to the largest square before it is resized: in the center, or at a random position that is chosen once per image."""  # noqa: E501
    channels: int = 0
    """Convert images to 1 (gray) or 3 (RGB) channels. 0 keeps their channels."""
    background: Annotated[str, HIDE_DEFAULT] = ""
    """Color behind transparent pixels, such as white or #808080. Default: transparent images are refused."""  # noqa: E501
    skip_broken: bool = False
    """Leave out images that cannot be decoded, and list them in skipped.jsonl in the run folder."""

    stream: bool = False
    """Read and decode images while the run trains, instead of decoding all of them into memory first. The results are the same. Needs the extra stream."""  # noqa: E501
    stream_above: Annotated[float, AtLeast(0), AtMost(1)] = 0.5
    """Share of the memory of the machine, or of a device, that decoded images may take before a run streams by itself. 0: it never does."""  # noqa: E501
    stream_workers: Annotated[int, AtLeast(-1), AtMost(512), HIDE_DEFAULT] = -1
    """Processes that decode streamed images. 0 decodes in threads of the training process. Default: half of the cores, at most 8."""  # noqa: E501
    cache_decoded: Annotated[str, HIDE_DEFAULT] = ""
    """Folder in which streamed images are stored once as decoded pixels, if decoding limits the speed. Several runs can share it."""  # noqa: E501

    def check(self) -> None:
        """Raises `ConfigError` if a value is invalid."""
        super().check()
        if not self.source.strip():  # An unset variable would name the current folder.
            raise ConfigError(
                f"data must name a dataset or a folder, got {self.source!r}. Use . for the current "
                "folder."
            )
        self._options().check()

    def load(
        self,
        source: str = "",
        shard_fn: ShardFn | None = None,
        announce: Announce | None = None,
    ) -> Data:
        """Loads the dataset with the configured columns and preprocessing.

        Args:
          source: Another place of the same dataset. Default: the configured one.
          shard_fn: Function that maps the number of training examples to the range to load.
            Default: all examples are loaded.
          announce: Called with the outline of the dataset before its images are decoded. See
            `data.load`.

        Raises:
          DataError: If the dataset cannot be read, or does not contain images of one size.
        """
        data = load(
            source or self.source,
            self.label_column,
            shard_fn,
            announce=announce,
            image_column=self.image_column,
            streaming=Streaming(
                self.stream, self.stream_above, self.stream_workers, self.cache_decoded
            ),
            **self._options()._asdict(),
        )
        if self.cache_decoded and getattr(data.images, "store", None) is None:
            note = "--cache-decoded is not used, because no images are decoded while the run trains"
            data = data._replace(notes=(*data.notes, note))
        return data

    def start_loading(self) -> Loading:
        """Loads the dataset in a thread.

        A registered dataset is loaded before this function returns, because its function may use
        settings of JAX that belong to the caller's thread.
        """
        if self.source in DATA_SETS:
            data = self.load()
            return Loading(lambda announce: data)
        return Loading(lambda announce: self.load(announce=announce))

    def _options(self) -> Preprocessing:
        return Preprocessing(
            self.resize, self.crop, self.channels, self.background, self.skip_broken
        )
