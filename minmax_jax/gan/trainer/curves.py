"""Figure of a run: losses, norms, scheduled values and scores against steps."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from minmax_jax.gan.evaluation import score_table, scores
from minmax_jax.gan.run import jsonl, metrics_log

if TYPE_CHECKING:  # Matplotlib takes long to import, and most commands draw at their end.
    import matplotlib.figure

Records = Sequence[Mapping[str, Any]]
"""Records of `metrics.jsonl`."""

_GENERATOR, _DISCRIMINATOR = "tab:blue", "tab:red"

_SMOOTHED_FROM = 40  # Fewer records are drawn as they are.


class Panel(NamedTuple):
    """One pair of axes.

    Attributes:
      label: Label of the vertical axis.
      lines: Maps logged names to text of the legend and color.
      log: Whether the axis is logarithmic if values are positive.
      smooth: Whether to draw moving averages over the values.
      level: Height of a thin reference line, or None.
    """

    label: str
    lines: Mapping[str, tuple[str, str]]
    log: bool = False
    smooth: bool = False
    level: float | None = None


def draw(records: Records, title: str) -> "matplotlib.figure.Figure":
    """Draws training metrics on the left, and scores of several evaluations on the right.

    Args:
      records: Records of `metrics.jsonl`.
      title: Title of the figure.
    """
    from matplotlib.figure import Figure

    comparable = _newest_kind(records)
    columns = [("training", _training_panels(records), records)]
    found = _score_panels(comparable)
    height = max(len(columns[0][1]), -(-len(found) // 2))  # At most two columns of scores.
    for start in range(0, len(found), height):
        heading = _describe(comparable[-1]) if start == 0 else ""
        columns.append((heading, found[start : start + height], comparable))
    rows = max(len(panels) for _, panels, _ in columns)
    width = 8 if len(columns) < 3 else 6.5
    figure = Figure(figsize=(width * len(columns), 2.7 * rows), layout="constrained")
    figure.suptitle(title)
    for index, (heading, panels, shown) in enumerate(columns):
        places = range(index + 1, rows * len(columns) + 1, len(columns))
        first = figure.add_subplot(rows, len(columns), index + 1)
        others = [figure.add_subplot(rows, len(columns), p, sharex=first) for p in places[1:]]
        for axes, panel in zip([first, *others], panels, strict=False):
            _draw_panel(axes, panel, shown)
            axes.tick_params(labelbottom=panel is panels[-1])
            axes.set_xlabel("step" if panel is panels[-1] else "")
        for unused in others[len(panels) - 1 :]:
            unused.remove()
        if len(columns) > 1:
            first.set_title(heading, fontsize=10, loc="left")
    return figure


def smoothed(values: np.ndarray) -> np.ndarray:
    """Returns the centered moving average over a twentieth of the values.

    Values that are not finite are left out, and stay NaN where no finite value is near.

    Example:
      >>> smoothed(np.array([1.0, 3.0] * 40))[1:4]
      array([2. , 1.8, 2.2])
    """
    half = max(1, len(values) // 40)
    finite = np.isfinite(values)
    window = np.ones(2 * half + 1)
    total = np.convolve(np.where(finite, values, 0.0), window)[half : half + len(values)]
    count = np.convolve(finite.astype(float), window)[half : half + len(values)]
    return np.divide(total, count, out=np.full(len(values), np.nan), where=count > 0.5)


def _training_panels(records: Records) -> list[Panel]:
    players = {"min": ("generator", _GENERATOR), "max": ("discriminator", _DISCRIMINATOR)}

    def both(name: str) -> dict[str, tuple[str, str]]:
        return {f"{name}_{side}": shown for side, shown in players.items()}

    ratio = {"update_norm_ratio": ("", "black")}
    panels = [
        Panel("loss", both("loss"), smooth=True),
        Panel("gradient norm", both("gradient_norm"), log=True),
        Panel("update norm:\ndiscriminator / generator", ratio, log=True, level=1),
    ]
    if _varies(records, "augment_probability"):
        probability = {"augment_probability": ("", "tab:green")}
        panels.append(Panel("probability of\naugmentation", probability))
    if _varies(records, "learning_rate_min") or _varies(records, "learning_rate_max"):
        panels.append(Panel("learning rate", both("learning_rate"), log=True))
    for name in _scheduled(records):
        if _varies(records, name):
            panels.append(Panel(name.replace("_", " "), {name: ("", "tab:green")}))
    return panels


def _scheduled(records: Records) -> list[str]:
    """Returns the names of logged values that follow a schedule, except learning rates.

    These are all names in the records that are not the name of a metric, a score or a time.
    """
    shown = {*metrics_log.NAMES, *_NOT_SHOWN, "learning_rate_min", "learning_rate_max"}
    training = [record for record in records if "extractor" not in record]
    return list(dict.fromkeys(name for record in training for name in record if name not in shown))


_NOT_SHOWN = ("step", "seconds", "steps_per_second")


def _score_panels(records: Records) -> list[Panel]:
    """Returns a panel for each score that was computed at least twice."""
    better = scores.directions()
    found = [
        name
        for name in better
        if name not in _PARTNERS.values() and len(jsonl.column(records, name)[0]) > 1
    ]
    panels = []
    for name in found:
        names = [name, *([_PARTNERS[name]] if name in _PARTNERS else [])]
        lines = {
            each: (each if len(names) > 1 else "", color)
            for each, color in zip(names, ("tab:purple", "tab:orange"), strict=False)
        }
        label = score_table.label(name, better).replace(name, ", ".join(names))
        panels.append(Panel(label.replace("_", " "), lines))
    return panels


_PARTNERS = {"precision": "recall", "density": "coverage"}
"""Scores on one scale, which share a panel."""


def _newest_kind(records: Records) -> Records:
    """Returns the records of evaluations that can be compared with the newest one."""

    def kind(record: Mapping[str, Any]) -> tuple[Any, ...]:
        return record["extractor"], record.get("num_samples")

    evaluations = [record for record in records if "extractor" in record]
    return [record for record in evaluations if kind(record) == kind(evaluations[-1])]


def _describe(record: Mapping[str, Any]) -> str:
    return f"scores of {record.get('num_samples', 0):,} samples, {record['extractor']} features"


def _varies(records: Records, name: str) -> bool:
    values = jsonl.column(records, name)[1]
    values = values[np.isfinite(values)]
    return bool(values.size) and float(np.ptp(values)) > 0


def _draw_panel(axes: Any, panel: Panel, records: Records) -> None:
    positive = False
    for name, (label, color) in panel.lines.items():
        steps, values = jsonl.column(records, name)
        positive |= bool(np.any(values > 0))
        style: dict[str, Any] = {"marker": "."} if len(values) < 2 * _SMOOTHED_FROM else {}
        if panel.smooth and len(values) >= _SMOOTHED_FROM:
            axes.plot(steps, values, color=color, linewidth=0.6, alpha=0.3)
            values, style = smoothed(values), {"linewidth": 1.8}
        axes.plot(steps, values, color=color, label=label, **style)
    if panel.level is not None:
        axes.axhline(panel.level, color="0.7", linewidth=1, zorder=0)
    axes.set_ylabel(panel.label)
    if "gradient_norm_min" not in panel.lines:  # The colors of the players are explained once.
        _add_legend(axes, panel)
    if panel.log and positive:
        _use_log_scale(axes)
    else:
        _use_linear_scale(axes)
    axes.xaxis.set_major_formatter(_plain)
    axes.grid(alpha=0.3)
    axes.margins(x=0.01)


def _add_legend(axes: Any, panel: Panel) -> None:
    """Adds a legend above the axes, where it covers no line."""
    if any(label for label, _ in panel.lines.values()):
        axes.legend(loc="lower right", bbox_to_anchor=(1, 1), ncols=2, frameon=False, fontsize=9)


def _use_linear_scale(axes: Any) -> None:
    from matplotlib import ticker

    drawn = np.concatenate([np.asarray(line.get_ydata(), float) for line in axes.lines])
    counts = bool(np.all(drawn == np.round(drawn)))  # Such as the number of classes.
    axes.yaxis.set_major_locator(ticker.MaxNLocator("auto", steps=[1, 2, 5, 10], integer=counts))
    axes.yaxis.set_major_formatter(_plain)


def _use_log_scale(axes: Any) -> None:
    from matplotlib import ticker

    axes.set_yscale("log")
    low, high = axes.get_ylim()
    axes.yaxis.set_major_formatter(_plain)
    # Powers of ten alone give too few labels for a range of less than two decades.
    if high < 6 * low:
        axes.yaxis.set_major_locator(ticker.MaxNLocator(5))
    elif high < 60 * low:
        axes.yaxis.set_major_locator(ticker.LogLocator(subs=(1, 2, 5)))
    axes.yaxis.set_minor_formatter(ticker.NullFormatter())


def _plain(value: float, position: Any = None) -> str:
    """Formats the number at a tick without powers of ten, unless it is very large or small.

    Example:
      >>> _plain(20000.0), _plain(0.05), _plain(2.5e-9), _plain(-0.0)
      ('20,000', '0.05', '2.5e-09', '0')
    """
    del position
    if value == 0:
        return "0"
    if not 1e-5 <= abs(value) < 1e7:
        return f"{value:g}"
    text = f"{value:,.8f}".rstrip("0").rstrip(".")
    return text
