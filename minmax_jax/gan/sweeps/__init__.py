"""Sweeps: a grid of optimizers, learning rates and seeds, trained with one budget for each.

grid     the members of a sweep, each an ordinary configuration
folder   sweep.json, and runs/NAME, an ordinary run folder for each member
vmapped  members of one optimizer trained inside one program
running  what trains, in which way, and what is left to do
result   scores and curves as arrays
report   the table, the heat map and sweep's JSON
"""

from minmax_jax.gan.sweeps.grid import Grid, Member
from minmax_jax.gan.sweeps.result import Sweep
from minmax_jax.gan.sweeps.running import read_sweep, sweep

__all__ = ["Grid", "Member", "Sweep", "read_sweep", "sweep"]
