"""Shows the state, step and worker of each run of a sweep."""

import collections
import dataclasses
import shutil
import sys
import time
from collections.abc import Iterable, Sequence
from typing import TextIO

from minmax_jax.gan.base.messages import Note, print_note, printable
from minmax_jax.gan.run.progress import duration

WAITING, FINISHED, FAILED = "waiting", "finished", "failed"
"""States of runs that no worker trains."""

_QUIET_SECONDS = 10.0
_FRAME_SECONDS = 0.25
_ORDER = (FAILED, "stopped", "waiting for its lock", "running", WAITING, FINISHED)


@dataclasses.dataclass
class Row:
    """State of a run."""

    state: str = WAITING
    step: int = 0
    worker: str = ""


class LiveTable:
    """Table of runs: redrawn in place on a terminal, printed as lines otherwise.

    On a terminal, runs that are waiting or finished are only counted if all rows do not fit. As
    lines, each change of a state is printed at once, and the steps every 10 s.

    Args:
      names: Names of the runs.
      total: Number of steps of each run.
      note: Called with lines, if they are not shown on a terminal.
      stream: Terminal. Default: standard error, if it is a terminal and `note` prints to it.
    """

    def __init__(
        self, names: Iterable[str], total: int, note: Note, stream: TextIO | None = None
    ) -> None:
        self._rows = {name: Row() for name in names}
        self._total, self._note = total, note
        terminal = sys.stderr is not None and sys.stderr.isatty() and note is print_note
        self._stream = stream or (sys.stderr if terminal else None)
        self._began = self._printed_at = time.monotonic()
        self._drawn = 0  # Lines of the table on the terminal.
        self._drawn_at = 0.0
        self._printed: dict[str, int] = {}
        self._summarized = ""

    def set(self, names: Iterable[str], state: str, worker: str = "", step: int = -1) -> None:
        """Changes the state of runs; a negative step is not changed."""
        for name in names:
            row = self._rows[name]
            if step >= 0:
                row.step = step
            if (state, worker) != (row.state, row.worker):
                row.state, row.worker = state, worker
                if self._stream is None:
                    self._note(self._line(name, row))

    def step(self, names: Iterable[str], step: int, worker: str) -> None:
        """Changes the step of runs that are still training in a worker."""
        for name in names:
            row = self._rows[name]
            if row.worker == worker and row.state not in (FINISHED, FAILED):
                row.step, row.state = step, "running"

    def lose(self, worker: str) -> None:
        """Marks the runs of a lost worker as waiting for another one."""
        self.set(
            [n for n, r in self._rows.items() if r.worker == worker and self.is_open(n)], WAITING
        )

    def finish(self, name: str, step: int) -> None:
        """Marks a run as finished."""
        if self.is_open(name):
            self.set([name], FINISHED, step=step)

    def is_open(self, name: str) -> bool:
        """Returns whether a run is in the table and has not ended."""
        return name in self._rows and self._rows[name].state not in (FINISHED, FAILED)

    def is_training(self, name: str) -> bool:
        """Returns whether a worker trains a run."""
        return self.is_open(name) and self._rows[name].state not in (WAITING, "stopped")

    def note(self, message: str) -> None:
        """Writes a message above the table."""
        if self._stream is None:
            self._note(message)
            return
        self._write(f"{self._erased()}{printable(message)}\n")
        self._drawn_at = 0.0
        self.refresh()

    def refresh(self) -> None:
        """Draws the table again, if it is time to."""
        now = time.monotonic()
        if self._stream is None:
            if now - self._printed_at >= _QUIET_SECONDS:
                self._printed_at = now
                self._print_steps()
        elif now - self._drawn_at >= _FRAME_SECONDS:
            self._draw(now)

    def close(self) -> None:
        """Draws the table for the last time."""
        if self._stream is not None:
            self._draw(time.monotonic())
            self._drawn = 0

    def _print_steps(self) -> None:
        """Prints the runs whose step has changed, and how many runs are in each state."""
        for name, row in self._rows.items():
            if row.state == "running" and self._printed.get(name) != row.step:
                self._printed[name] = row.step
                self._note(self._line(name, row))
        summary = self._summary()
        if summary != self._summarized:
            self._summarized = summary
            self._note(summary)

    def _draw(self, now: float) -> None:
        size = shutil.get_terminal_size()
        shown = self._chosen(max(size.lines - 3, 1))
        lines = [self._line(name, row) for name, row in shown]
        lines.append(f"{self._summary()}, {duration(now - self._began)}")
        text = "".join(f"{printable(line)[: size.columns - 1]}\n" for line in lines)
        self._write(self._erased() + text)
        self._drawn, self._drawn_at = len(lines), now

    def _chosen(self, room: int) -> Sequence[tuple[str, Row]]:
        """Returns the rows that fit on the terminal, in the order of the runs."""
        rows = list(self._rows.items())
        if len(rows) <= room:
            return rows
        ranked = sorted(rows, key=lambda item: _rank(item[1].state))[:room]
        kept = {name for name, _ in ranked}
        return [item for item in rows if item[0] in kept]

    def _line(self, name: str, row: Row) -> str:
        width = max(map(len, self._rows))
        where = f"  on {row.worker}" if row.worker else ""
        digits = len(str(self._total))
        return f"{name:{width}}  step {row.step:{digits}}/{self._total}  {row.state}{where}"

    def _summary(self) -> str:
        counts = collections.Counter(row.state for row in self._rows.values())
        known = sorted(counts, key=_rank, reverse=True)
        parts = ", ".join(f"{counts[state]} {state}" for state in known)
        return f"{len(self._rows)} runs: {parts}"

    def _erased(self) -> str:
        """Returns the text that moves to the first line of the table and deletes it."""
        drawn, self._drawn = self._drawn, 0
        return f"\x1b[{drawn}F\x1b[J" if drawn else ""

    def _write(self, text: str) -> None:
        try:
            self._stream.write(text)  # pyright: ignore[reportOptionalMemberAccess]
            self._stream.flush()  # pyright: ignore[reportOptionalMemberAccess]
        except (OSError, ValueError):  # A closed terminal must not end the sweep.
            self._stream, self._note = None, lambda message: None


def _rank(state: str) -> int:
    return _ORDER.index(state) if state in _ORDER else len(_ORDER)
