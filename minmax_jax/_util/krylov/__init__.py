"""Matrix-free solvers for linear systems on pytrees."""
