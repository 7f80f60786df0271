"""Time limit of a command that saves its progress and can be run again."""

import time


class TimeLimitReached(Exception):
    """The time limit is reached; all progress is saved."""


class TimeLimit:
    """Time limit of a command, which the command must test with `check` or `reached`.

    Args:
      minutes: Time limit in minutes, counted from the creation of this object.
    """

    def __init__(self, minutes: float) -> None:
        self._end = time.monotonic() + 60 * minutes

    @property
    def reached(self) -> bool:
        """Whether the time limit is reached."""
        return time.monotonic() >= self._end

    def check(self) -> None:
        """Raises `TimeLimitReached` if the time limit is reached."""
        if self.reached:
            raise TimeLimitReached
