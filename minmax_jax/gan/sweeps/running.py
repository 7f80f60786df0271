"""Running a sweep: what is left to do, trained together where that pays, then the report."""

import itertools
import math
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from minmax_jax.gan import data as data_lib
from minmax_jax.gan.base.errors import ConfigError, NonFinite, check_name
from minmax_jax.gan.config import config as config_lib
from minmax_jax.gan.config.run import Best, parse_best
from minmax_jax.gan.evaluation import evaluate, evaluator
from minmax_jax.gan.run import run_folder
from minmax_jax.gan.sweeps import folder as folder_lib
from minmax_jax.gan.sweeps import grid as grid_lib
from minmax_jax.gan.sweeps import report, vmapped
from minmax_jax.gan.sweeps.result import Sweep
from minmax_jax.gan.trainer import finish, train
from minmax_jax.gan.training import build
from minmax_jax.gan.training import step as step_lib

Note = Callable[[str], None]


def _warn(message: str) -> None:
    print(message, file=sys.stderr, flush=True)


def sweep(
    config: config_lib.Config,
    grid: grid_lib.Grid,
    *,
    out: str | Path = "",
    vmap: str = "auto",
    score: str = "",
    note: Note = _warn,
) -> Sweep:
    """Trains every member of a grid, or those that are left of the sweep in the folder.

    Args:
      config: what all members have in common; optimizer, rates and seed are the grid's.
      grid: what is swept.
      out: the sweep's folder, `runs/sweep-PRESET` if not given.
      vmap: "on": the members of one optimizer train inside one program, mapped over rates
        and seeds, on one device; "off": one after another, as `train`; "auto": together
        where the networks are small. A member's numbers are the same to rounding.
      score: the quantity of the summaries by which members are compared: NAME where lower is
        better, NAME:max where higher is. By default `high_quality_share:max` for a known
        mixture, otherwise `frechet_distance`.
      note: called with lines for the person who waits, standard error by default.

    Returns:
      The finished sweep. Its table, heat map and JSON are in the folder.

    Raises:
      ConfigError: a value cannot be used, or the folder holds another sweep.
      DataError: the data cannot be read.
      Stopped: as `trainer.train`, except that a member that diverges is one of the results.
    """
    check_name("vmap", vmap, ("auto", "on", "off"))
    folder = Path(out or f"runs/sweep-{config.run.preset}")
    data = data_lib.load(config.data.source, config.data.label_column)
    members = grid_lib.members(config, grid, folder)
    best = _score(score, config, data)
    groups = [list(g) for _, g in itertools.groupby(members, lambda m: m.config.optimizer.name)]
    for group in groups:  # whatever is wrong is said before anything is written
        build.build_game(group[0].config, data, 1)
    folder_lib.open_sweep(folder, config, grid, data)
    for group in groups:
        left = [member for member in group if folder_lib.outcome(member) is None]
        _train_group(left, data, vmap, note)
    result = _read(folder, grid, members, best)
    report.write(result)
    return result


def read_sweep(folder: str | Path, *, score: str = "") -> Sweep:
    """Reads a finished sweep.

    Args:
      folder: the sweep's.
      score: as in `sweep`.

    Raises:
      ConfigError: it holds no sweep, or one with members that are not finished.
    """
    folder = Path(folder)
    config, grid = folder_lib.read(folder)
    members = grid_lib.members(config, grid, folder)
    best = _score(score, config, data_lib.load(config.data.source, config.data.label_column))
    return _read(folder, grid, members, best)


def _read(folder: Path, grid: grid_lib.Grid, members: list[grid_lib.Member], best: Best) -> Sweep:
    outcomes = [folder_lib.outcome(member) for member in members]
    known = [outcome for outcome in outcomes if outcome is not None]
    if len(known) < len(members):
        raise ConfigError(
            f"{folder}: {len(members) - len(known)} of {len(members)} members are not finished; "
            "the same sweep command goes on"
        )
    return Sweep(folder, grid, members, known, best)


def _score(text: str, config: config_lib.Config, data: data_lib.Data) -> Best:
    default = "frechet_distance" if data.modes is None else "high_quality_share:max"
    best = parse_best(text or default)
    assert best is not None  # the text is not empty
    if not config.evaluation.num_samples and best.name not in step_lib.QUANTITIES:
        raise ConfigError(
            f"evaluate=0 measures no {best.name}; give evaluate, or a score such as loss_min"
        )
    return best


def _train_group(
    members: Sequence[grid_lib.Member], data: data_lib.Data, vmap: str, note: Note
) -> None:
    """Trains members of one optimizer that are left."""
    together = vmap == "on" or (
        vmap == "auto" and len(members) > 1 and vmapped.pays(members[0], data)
    )
    if not together:
        for member in members:
            note(f"{member.name}:")
            folder_lib.write_outcome(member, _train_alone(member))
        return
    shared = (
        evaluate.default_judge(data, note) if members[0].config.evaluation.num_samples else None
    )
    for start in range(0, len(members), vmapped.MOST):
        chunk = members[start : start + vmapped.MOST]
        note(f"{chunk[0].config.optimizer.name}: {len(chunk)} members in one program")
        states = vmapped.train(chunk, data, note)
        for member, state in zip(chunk, states, strict=True):
            folder_lib.write_outcome(member, _conclude(member, data, state, note, shared))


def _train_alone(member: grid_lib.Member) -> dict[str, Any]:
    try:
        run = train.train(member.config)
    except NonFinite as error:
        return {"diverged_at": error.step, "reason": str(error)}
    return _flat(run.summary)


def _conclude(
    member: grid_lib.Member,
    data: data_lib.Data,
    state: step_lib.TrainState,
    note: Note,
    shared: evaluator.Judge | None,
) -> dict[str, Any]:
    """Measures a member that was trained with others, as `train` does at its end."""
    at = vmapped.diverged_at(state) or _first_not_finite(run_folder.read_metrics(member.folder))
    if at is not None and member.config.training.on_nonfinite == "stop":
        return {"diverged_at": at}
    examiner = evaluate.Examiner(member.config, member.folder, data, note, shared)
    run = finish.finish(member.config, member.folder, data, state, note, examiner)
    return _flat(run.summary)


def _flat(summary: dict[str, Any]) -> dict[str, Any]:
    """A summary as an outcome: its scores stand beside its losses, with what judged them."""
    judged = summary.get("evaluation", {})
    about = {k: v for k, v in judged.items() if k in ("extractor", "facts", "num_samples")}
    own = {name: value for name, value in summary.items() if name != "evaluation"}
    return {**own, **about, **judged.get("scores", {}), "diverged_at": None}


def _first_not_finite(records: Sequence[dict[str, Any]]) -> int | None:
    """The first logged step with a loss or norm that is not finite."""
    watched = ("loss_", "gradient_norm_", "update_norm_")
    for record in records:
        values = [value for name, value in record.items() if name.startswith(watched)]
        if any(value is None or not math.isfinite(value) for value in values):
            return record["step"]
    return None
