"""The GAN training function.

`train` builds a run from its configuration, restores the newest valid checkpoint if there is
one, trains, evaluates, and writes the run folder.
"""

import contextlib
import functools
from collections.abc import Callable
from typing import Any

import jax
import numpy as np

from minmax_jax import fsdp
from minmax_jax.gan import data as data_lib
from minmax_jax.gan import networks, objective
from minmax_jax.gan.base.errors import ConfigError, WriteFailed
from minmax_jax.gan.base.messages import Note, ignore_note
from minmax_jax.gan.config import config as config_lib
from minmax_jax.gan.data.loading import agree
from minmax_jax.gan.evaluation import evaluate, ranking
from minmax_jax.gan.multihost import interrupts, process_group
from minmax_jax.gan.multihost.launch import Launch
from minmax_jax.gan.run import (
    checkpoint,
    checkpoint_manager,
    files,
    lock,
    metrics_log,
    ownership,
    run_folder,
    tensorboard,
    weights_and_biases,
)
from minmax_jax.gan.run import progress as progress_lib
from minmax_jax.gan.trainer import finish, hooks, initialize, resume
from minmax_jax.gan.trainer import inputs as inputs_lib
from minmax_jax.gan.trainer import pictures as pictures_lib
from minmax_jax.gan.training import build, loop, program, schedules, sharded
from minmax_jax.gan.training import step as step_lib


def train(
    config: config_lib.Config,
    *,
    launch: Launch | None = None,
    progress: progress_lib.Progress | None = None,
    use_tensorboard: bool = False,
    use_wandb: bool = False,
) -> finish.Run:
    """Trains a GAN, or resumes the run in `config.run.out`.

    **Reproducibility.** An interrupted and resumed run gives bit-for-bit the same result as an
    uninterrupted run on the same machine and device count. Each step depends only on the
    previous state, the seed and the step number; how the steps are grouped into compiled calls
    does not matter. On GPU, set `XLA_FLAGS=--xla_gpu_deterministic_ops=true`; otherwise results
    agree up to rounding.

    **Interruption.** On the first Ctrl-C, SIGTERM or SIGHUP, the current compiled call finishes,
    the state is saved, and `KeyboardInterrupt` or `Terminated` is raised. A second Ctrl-C raises
    `KeyboardInterrupt` without saving, and a second SIGTERM ends the process. Before and after
    the training loop, signals act as usual. Signals are handled only if `train` is called from
    the main thread.

    **Lock.** Only one process writes to a run folder at a time. The lock of a process that was
    killed is taken over: at once on the same machine, and after 60 s on another one.

    **Multiple processes.** Every process calls `train` with the same `config`. Only process 0
    writes files; the other processes return a `Run` without metrics or summary.

    Args:
      config: Configuration of the run, for example from `gan.preset`.
      launch: How to connect to the other processes of a multi-process run. Default: a single
        process.
      progress: Progress reporter. Default: one that writes to standard error.
      use_tensorboard: Whether to also write TensorBoard event files to the subfolder
        `tensorboard` of the run folder.
      use_wandb: Whether to also log to Weights & Biases, whose environment variables choose the
        project and the mode.

    Returns:
      The finished run: folder, configuration, final state, logged metrics and summary.

    Raises:
      ConfigError: If a configuration value is invalid, the run folder contains a different run
        or something else at the place of a file of the run, or another process writes to it.
      DataError: If the data cannot be read.
      Stopped: If the run ends before its last step. The subclass tells the reason: `NonFinite`,
        `WriteFailed`, `Terminated` or `HostFailed`.
    """
    config = config.check()
    ranking.check_keep_best(config)
    if use_tensorboard:
        tensorboard.check_installed()
    if use_wandb:
        weights_and_biases.check_ready()
    with process_group.join(launch or Launch(), config.flat()) as group:
        # The images are decoded while JAX starts and the networks are compiled.
        loading = config.data.start_loading() if group.count == 1 else None
        devices = build.pick_devices(config)
        outline = loading.outline() if loading else _load_shard(config, group, len(devices))
        game, compiled, start = _prepare(config, outline, devices)
        data = loading.data() if loading else outline
        ranking.check_keep_best(config, data)
        if not agree(outline, data):
            game, compiled, start = _prepare(config, data, devices)
        train_loop = functools.partial(_train_loop, config, compiled, data, devices)
        if group.is_coordinator:
            progress = progress or progress_lib.Progress(config.training.steps)
            _note_unused_labels(config, game.pair, progress.note)
            if build.is_divided(config, len(devices)):
                progress.note(sharded.describe(start, fsdp.make_mesh(devices)))
            if config.optimizer.warning:
                progress.note(config.optimizer.warning)
            opened = _copies(config, use_tensorboard, use_wandb)
            args = (start, data, progress, opened)
            return _train_as_coordinator(config, group, train_loop, compiled.read, *args)
        with group.termination:
            state = train_loop(_broadcast_state(start, group), hooks.call_ends(config))
        return finish.Run(resume.out_folder(config), config, state, [], {})


def _prepare(
    config: config_lib.Config, data: data_lib.Data, devices: list[Any]
) -> tuple[objective.Game, program.Program, step_lib.TrainState]:
    """Returns the game, its programs, which are compiled later, and the initial state."""
    game, optimizer = build.build_game(config, data, len(devices))
    compiled = program.compile_program(game, optimizer, config, devices)
    return game, compiled, compiled.init()


Copy = contextlib.AbstractContextManager[Callable[[], None]]
"""Block in which a log of another program follows the run."""


def _copies(config: config_lib.Config, use_tensorboard: bool, use_wandb: bool) -> list[Copy]:
    """Returns the logs of other programs, which start when their blocks are entered."""
    folder = resume.out_folder(config)
    copies: list[Copy] = [tensorboard.open_copy(folder)] if use_tensorboard else []
    return [*copies, weights_and_biases.open_copy(folder, config.flat())] if use_wandb else copies


def _draw_early(
    pictures: pictures_lib.Pictures, progress: progress_lib.Progress, state: step_lib.TrainState
) -> None:
    """Draws the samples and curves of a run that ends early; its state is saved already."""
    progress.note("drawing samples.png and curves.png; a second signal skips them")
    try:
        pictures.draw_early(state)
    except (ConfigError, WriteFailed) as error:
        progress.note(f"they are not drawn: {error}")


TrainLoop = Callable[..., step_lib.TrainState]
"""Function from the initial state, the hooks and a function for messages to the final state."""


def _train_as_coordinator(
    config: config_lib.Config,
    group: process_group.ProcessGroup,
    train_loop: TrainLoop,
    read: hooks.Read,
    start: step_lib.TrainState,
    data: data_lib.Data,
    progress: progress_lib.Progress,
    opened: list[Copy],
) -> finish.Run:
    """Trains in process 0, which writes the run folder."""
    folder = resume.out_folder(config)
    run_folder.check_run(folder, config, data)
    ownership.check(folder)
    start, origin = initialize.start_from(config, folder, start, progress.note)
    with files.full_disk(folder), contextlib.ExitStack() as stack:
        stack.enter_context(interrupts.describe(functools.partial(resume.on_disk, config)))
        stack.callback(progress.close)
        files.make_folder(folder)
        check_lock = stack.enter_context(lock.hold(folder))
        checkpoints, keep, start = _open_run(config, data, start, origin, check_lock, progress)
        start = _broadcast_state(start, group)
        copies = [stack.enter_context(copy) for copy in opened]
        pictures = pictures_lib.Pictures(config, folder, data)
        draw = functools.partial(_draw_early, pictures, progress)
        evaluator = None
        if config.evaluation.every:
            full = _load_full_data(config, data)
            evaluator = evaluate.RunEvaluator(config, folder, full, progress.note)
        manager = checkpoint_manager.CheckpointManager(checkpoints, keep, start)
        if start.step < config.training.steps:
            progress.note("compiling the training step; this can take a minute")
        with group.termination, manager:
            log = metrics_log.MetricsLog(folder, progress, check_lock, schedules.logged_fn(config))
            check = hooks.NonFiniteHook(config, folder, checkpoints, manager, draw, read)
            save = hooks.CheckpointHook(config.run.checkpoint_every, manager, check, log, read)
            every = config.run.sample_every
            ordered = [hooks.LockHook(check_lock), hooks.LogHook(config.run.log_every, log, copies)]
            ordered.append(check)
            if evaluator:
                ordered.append(hooks.EvaluationHook(config, evaluator, check, log, read))
            ordered += [hooks.SampleHook(every, pictures, check, log, read)] if every else []
            ordered += [save, hooks.TerminationHook(group.termination, manager, save, draw, read)]
            with resume.describe_failed_data(config):
                state = train_loop(start, ordered, progress.note)
        if group.termination.requested:  # The signal came after the last call had ended.
            raise group.termination.error(resume.on_disk(config))
        progress.close()
        group.shutdown()
        full = _load_full_data(config, data)
        check_lock()
        run = finish.finish(config, folder, full, state, progress.note, evaluator, check_lock)
        resume.log_best(config, folder, checkpoints, progress)  # The last evaluation counts, too.
        return run


def _open_run(
    config: config_lib.Config,
    data: data_lib.Data,
    start: step_lib.TrainState,
    origin: run_folder.Origin | None,
    check_lock: lock.Check,
    progress: progress_lib.Progress,
) -> tuple[checkpoint.Checkpoints, Callable[[list[int]], set[int]], step_lib.TrainState]:
    """Creates the files of a run in its locked folder, or continues with those that it finds.

    Returns:
      The checkpoints, the function that chooses the ones to keep, and the state at which training
      starts.
    """
    folder = resume.out_folder(config)
    checkpoints = checkpoint.Checkpoints(folder / "checkpoints", progress.note)
    ownership.delete_leftovers(folder)
    start = resume.restore(folder, checkpoints, start, progress, config.training.on_nonfinite)
    resume.check_places(config, checkpoints, int(start.step))
    run_folder.open_run(folder, config, data, origin)  # All checks have passed.
    for line in data_lib.lines(data, config.training.batch_size):
        progress.note(line)
    resume.discard_after(folder, checkpoints, int(start.step))
    # A run that was killed between writing and deleting has more checkpoints than it keeps.
    keep = functools.partial(resume.steps_to_keep, config, folder, check_lock)
    checkpoints.delete_except(keep(checkpoints.steps()))
    return checkpoints, keep, start


def _train_loop(
    config: config_lib.Config,
    compiled: program.Program,
    data: data_lib.Data,
    devices: list[Any],
    start: step_lib.TrainState,
    hooks: list[loop.Hook],
    note: Note = ignore_note,
) -> step_lib.TrainState:
    """Runs the remaining steps and returns the final state as NumPy arrays."""
    step, end = int(start.step), config.training.steps
    if step >= end:
        return start
    with inputs_lib.open_inputs(config, data, devices, start, note) as inputs:
        state = loop.run(compiled, compiled.place(start), inputs, hooks, start=step, end=end)
    return jax.tree.map(np.asarray, compiled.read(state))


def _note_unused_labels(config: config_lib.Config, pair: networks.Pair, note: Note) -> None:
    """Says which networks of a conditional run are trained without labels."""
    sides = {"generator": pair.generator, "discriminator": pair.discriminator}
    unused = [name for name, network in sides.items() if not network.takes_labels]
    if config.conditioning.conditional and unused:
        note(
            f"conditional: the {' and the '.join(unused)} of network {config.networks.name} do not "
            "use labels and are trained without them"
        )


def _load_shard(
    config: config_lib.Config, group: process_group.ProcessGroup, num_devices: int
) -> data_lib.Data:
    """Loads this process's shard of the training data."""
    shard_fn = data_lib.shard_of_process(group.index, group.count, num_devices // group.count)
    data = config.data.load(shard_fn=shard_fn)
    group.check_data(data)
    if data.is_streamed:  # Each process reads the examples of its devices.
        return data
    totals = data.totals or data_lib.Totals(data.count, 0)
    totals = totals._replace(crc32=group.checksum(data.images))
    if config.conditioning.num_classes(data):
        own = data._replace(totals=None).class_counts or ()
        totals = totals._replace(
            class_counts=group.total(own),
            labels_crc32=group.checksum(np.asarray(data.labels, np.int32), "labels_crc32"),
        )
    return data._replace(totals=totals)


def _load_full_data(config: config_lib.Config, data: data_lib.Data) -> data_lib.Data:
    """Returns the full dataset for evaluation, loading it if this process holds a shard."""
    return config.data.load() if data.totals else data


def _broadcast_state(
    state: step_lib.TrainState, group: process_group.ProcessGroup
) -> step_lib.TrainState:
    """Returns process 0's state on every process."""
    if group.count == 1:
        return state
    return checkpoint.fill(state, group.broadcast(checkpoint.flatten(state)))
