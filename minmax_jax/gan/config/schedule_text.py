"""The text form of a schedule, for example `cosine:0.25x:20Mimg:warmup=1k`."""

import math
import re
from typing import NamedTuple

from minmax_jax.gan.base.errors import ConfigError, check_name
from minmax_jax.gan.base.messages import short
from minmax_jax.gan.config.schedule_shapes import SCHEDULES

FORM = "SHAPE[:END[:LENGTH]][:warmup=N][:hold=N]"
"""Grammar of a schedule."""

FROM_PYTHON = "python:"
"""Start of the text that stands for a schedule which was passed as a Python function."""


class Length(NamedTuple):
    """A number of updates or of images.

    Attributes:
      count: The number.
      images: Whether it counts images, of which an update uses `batch_size`.
    """

    count: float
    images: bool

    def in_updates(self, batch_size: int) -> float:
        """Returns the number of updates, which need not be an integer."""
        return self.count / batch_size if self.images else self.count


class ScheduleText(NamedTuple):
    """The parts of a schedule that was written as text.

    Attributes:
      shape: Name in `SCHEDULES`.
      end: Value after `length`, or the share of the start value if `relative`. None only for
        `constant`.
      relative: Whether `end` is a multiple of the start value.
      length: From the first update to the end of the schedule, including `warmup` and `hold`.
        None means all updates of the run.
      warmup: The value rises linearly from 0 to the start value.
      hold: After `warmup`, the start value is held.
    """

    shape: str
    end: float | None = None
    relative: bool = False
    length: Length | None = None
    warmup: Length = Length(0.0, False)
    hold: Length = Length(0.0, False)


def parse(key: str, text: str) -> ScheduleText:
    """Parses a schedule.

    Args:
      key: Name of the scheduled quantity, for error messages.
      text: Text of the form `FORM`. Numbers may end in k or M (thousand, million). END may end
        in x: it is then a multiple of the start value. LENGTH and N count updates, or images
        if they end in img.

    Raises:
      ConfigError: If the text has another form, or the shape is unknown.

    Example:
      >>> parse("b2", "cosine:0.99:20Mimg")[:4]
      ('cosine', 0.99, False, Length(count=20000000.0, images=True))
    """
    if text.startswith(FROM_PYTHON):
        raise ConfigError(
            f"schedule: {key} was a function in Python, of which only the values {short(text)} "
            "are recorded. Pass the same function again."
        )
    words = text.split(":")
    named = [word for word in words if "=" in word]
    shape, *places = [word for word in words if "=" not in word] or [""]
    check_name(f"schedule: {key}: shape", shape, SCHEDULES)
    lengths = {}
    for word in named:
        name, _, number = word.partition("=")
        if name not in ("warmup", "hold") or name in lengths:
            raise _error(key, text)
        lengths[name] = _length(key, text, number)
    most = 0 if shape == "constant" else 2
    if len(places) > most or (most and not places) or (shape == "step" and len(places) < 2):
        raise _error(key, text)
    end, relative = _value(key, text, places[0]) if places else (None, False)
    length = _length(key, text, places[1]) if len(places) == 2 else None
    return ScheduleText(shape, end, relative, length, **lengths)


_NUMBER = r"(-?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)([kM]?)"
_FACTORS = {"": 1.0, "k": 1e3, "M": 1e6}


def _value(key: str, text: str, word: str) -> tuple[float, bool]:
    """Returns the number of END, and whether it is a multiple of the start value."""
    found = re.fullmatch(_NUMBER + "(x?)", word)
    if not found:
        raise _error(key, text)
    number, factor, relative = found.groups()
    return _finite(key, text, float(number) * _FACTORS[factor]), bool(relative)


def _length(key: str, text: str, word: str) -> Length:
    found = re.fullmatch(_NUMBER + "(img)?", word)
    if not found or float(found[1]) <= 0:
        raise _error(key, text)
    number, factor, images = found.groups()
    return Length(_finite(key, text, float(number) * _FACTORS[factor]), bool(images))


def _finite(key: str, text: str, number: float) -> float:
    if not math.isfinite(number):
        raise _error(key, text)
    return number


def _error(key: str, text: str) -> ConfigError:
    return ConfigError(
        f"schedule: {key} must have the form {FORM}, such as linear:0 (to 0 at the end of the "
        f"run), cosine:0.25x:20Mimg, step:0.1x:5k or constant:warmup=500, got {short(text)}."
    )
