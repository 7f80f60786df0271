"""Matrix-free linear solvers on pytrees, and the Arnoldi iteration.

JAX has its own solvers; these also report their iterations and accept a warm start.
"""
