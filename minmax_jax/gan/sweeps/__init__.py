"""Sweeps over optimizers, learning rates and seeds with equal budgets.

grid     values of a sweep, and the configuration of each run
folder   layout of a sweep folder
vmapped  trains runs of one optimizer in one program
tasks    divides a sweep into tasks, and trains the runs of one task
executors  trains the tasks in this process or on a cluster
cluster  the executor on a Dask cluster
running  trains the unfinished runs and writes the report
result   scores and curves as arrays
report   table, heat map and JSON report
"""

from minmax_jax.gan.sweeps.grid import Grid, SweepRun
from minmax_jax.gan.sweeps.result import Sweep
from minmax_jax.gan.sweeps.running import read_sweep, sweep

__all__ = ["Grid", "Sweep", "SweepRun", "read_sweep", "sweep"]
