"""Configuration of the check of greedy's ends on F1 and F3."""

import dataclasses


@dataclasses.dataclass(frozen=True)
class Config:
    """Run greedy on F1 and F3 with four accept rules, and check its ends."""

    functions: tuple[str, ...] = ("F1", "F3")
    """Functions to run."""
    seeds: int = 20
    """Number of seeds 0, 1, ..., and of random control points."""
    learning_rate: float = 0.05
    """Learning rate of the ascent and of GDA."""
    stddev: float = 0.5
    """Standard deviation of the proposals of x."""
    min_improvement: float = 0.03
    """Decrease δ of the payoff that acceptance requires."""
    tolerance: float = 1e-3
    """Gradient ε = |∂_y f| at which an ascent ends."""
    max_ascent_steps: int = 2000
    """Maximum number of steps of an ascent."""
    rejections: tuple[int, int] = (20, 200)
    """Rejections in a row after which a run stops: the authors' number, and one for small ω."""
    temperature: float = 20.0
    """τ of the falling probability e^(−i/τ)."""
    probability: float = 0.2
    """Fixed probability of accepting a proposal that fails the test."""
    proposals: int = 1000
    """Maximum number of proposals."""
    gda_steps: int = 1000
    """Updates of GDA, a control."""
    check_proposals: int = 2000
    """New proposals per checked point."""
    near: float = 0.5
    """A run succeeds if |x| is at most this at its end."""
    omega: float = 0.05
    """A greedy equilibrium has fewer improving proposals than this share."""
