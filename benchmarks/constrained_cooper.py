"""Runs of Cooper (PyTorch) on the problems of `constrained_problems`."""

import importlib.util
from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.constrained_problems import Problem

ORDERS = {
    "simultaneous": "SimultaneousOptimizer",
    "x first": "AlternatingPrimalDualOptimizer",
    "multipliers first": "AlternatingDualPrimalOptimizer",
    "extragradient": "ExtrapolationConstrainedOptimizer",
}
"""Cooper's name of each order of updates."""


def is_installed() -> bool:
    """Returns whether Cooper and PyTorch are installed."""
    return all(importlib.util.find_spec(name) is not None for name in ("cooper", "torch"))


class CooperRun:
    """One run of Cooper, in float64.

    Attributes:
      step: Function that makes one step.
      x: Parameters, a PyTorch tensor.
    """

    def __init__(
        self, exact: Problem, order: str, *, pi: tuple[float, ...] = (), penalty: Any = None
    ) -> None:
        """Builds the problem and its optimizer.

        Args:
          exact: Problem.
          order: Order of the updates, a key of `ORDERS`.
          pi: Gains κ_p and κ_i and the decay of νPI for the multipliers, or `()`.
          penalty: Initial penalty, its growth, and optionally an increment in place of the growth,
            for the augmented Lagrangian; or None.
        """
        import torch

        torch.set_num_threads(1)  # Several threads only cost time with vectors of five elements.
        self.torch, self.exact, self.penalty = torch, exact, penalty
        self.x = torch.nn.Parameter(torch.tensor(exact.start, dtype=torch.float64))
        self.updater: Any = None
        self.cmp = self._problem()
        rates = exact.learning_rates
        self.step = self._step(self._optimizer(order, rates, pi))

    def _problem(self) -> Any:
        import cooper

        outer, penalty = self, self.penalty

        class Minimization(cooper.ConstrainedMinimizationProblem):
            def __init__(self) -> None:
                super().__init__()
                for kind in ("inequality", "equality"):
                    if getattr(outer.exact, kind) is not None:
                        setattr(self, kind, outer._constraint(kind))

            def compute_cmp_state(self) -> Any:
                observed = {
                    constraint: cooper.ConstraintState(
                        violation=getattr(outer.exact, kind)(outer.torch, outer.x)
                    )
                    for kind, constraint in self.named_constraints()
                }
                loss = outer.exact.objective(outer.torch, outer.x)
                return cooper.CMPState(loss=loss, observed_constraints=observed)

        if penalty is not None:
            updaters = cooper.penalty_coefficients
            options = {"violation_tolerance": 1e-4, "has_restart": True}
            self.updater = (
                updaters.AdditivePenaltyCoefficientUpdater(increment=penalty[2], **options)
                if len(penalty) > 2
                else updaters.MultiplicativePenaltyCoefficientUpdater(penalty[1], **options)
            )
        return Minimization()

    def _constraint(self, kind: str) -> Any:
        import cooper

        torch = self.torch
        size = getattr(self.exact, f"{kind}_multipliers").size
        multiplier = cooper.multipliers.DenseMultiplier(num_constraints=size, dtype=torch.float64)
        options: dict[str, Any] = {"formulation_type": cooper.formulations.Lagrangian}
        if self.penalty is not None:
            options = {
                "formulation_type": cooper.formulations.AugmentedLagrangian,
                "penalty_coefficient": cooper.penalty_coefficients.DensePenaltyCoefficient(
                    init=torch.full((size,), self.penalty[0], dtype=torch.float64)
                ),
            }
        constraint_type = cooper.ConstraintType[kind.upper()]
        return cooper.Constraint(constraint_type, multiplier=multiplier, **options)

    def _optimizer(self, order: str, rates: tuple[float, float], pi: tuple[float, ...]) -> Any:
        import cooper

        torch, kind = self.torch, getattr(cooper.optim, ORDERS[order])
        rule = cooper.optim.ExtraSGD if order == "extragradient" else torch.optim.SGD
        duals = self.cmp.dual_parameters()
        if pi:
            dual = cooper.optim.nuPI(
                duals,
                lr=rates[1],
                Kp=torch.tensor(pi[0], dtype=torch.float64),
                Ki=torch.tensor(pi[1], dtype=torch.float64),
                ema_nu=pi[2],
                init_type=cooper.optim.nuPIInitType.ZEROS,
                maximize=True,
            )
        else:
            dual = rule(duals, lr=rates[1], maximize=True)
        return kind(self.cmp, primal_optimizers=rule([self.x], lr=rates[0]), dual_optimizers=dual)

    def _step(self, optimizer: Any) -> Callable[[], None]:
        def step() -> None:
            out = optimizer.roll()
            if self.updater is not None:
                self.updater.step(out.cmp_state.observed_constraints)

        return step

    def values(self) -> np.ndarray:
        """Returns x and all multipliers as one vector."""
        kinds = [kind for kind in ("inequality", "equality") if hasattr(self.cmp, kind)]
        duals = [getattr(self.cmp, kind).multiplier.weight.detach().numpy() for kind in kinds]
        return np.concatenate([self.x.detach().numpy(), *duals])

    def iterates(self, num_steps: int) -> np.ndarray:
        """Returns the values after each of `num_steps` steps."""
        found = []
        for _ in range(num_steps):
            self.step()
            found.append(self.values())
        return np.stack(found)
