"""The library's training step compiles to the hand-written instructions."""

import re
from collections import Counter

import pytest

from benchmarks import handwritten_step, step


def instructions(runner):
    """Returns how often each instruction occurs, without its names."""
    text = runner.program.as_text()
    lines = re.sub(r", metadata=\{[^}]*\}", "", text).splitlines()[1:]  # the first line is a name
    return Counter(re.sub(r"%[\w.-]+", "%", line).strip() for line in lines if " = " in line)


def compile_both(shape, order, factor=1.0):
    """Returns the hand-written step, and the library's with losses multiplied by `factor`."""
    pair, optimizer = step.build(*shape), step.optimizers()[order]
    z, batch = step.players_of(pair), step.make_batch(pair, 4)
    one_pass = order != "alternating"

    def losses(batch):
        return [
            lambda z, loss=loss: factor * loss(z) for loss in step.losses(pair, batch, one_pass)
        ]

    handwritten, init = handwritten_step.ORDERS[order](
        losses, step.LEARNING_RATE, step.ADAM, step.EPS
    )
    library = step.library_step(pair, optimizer, one_pass)
    return (
        step.Runner(handwritten, (z, init(z)), batch),
        step.Runner(library, (z, optimizer.init(z)), batch),
    )


@pytest.mark.parametrize("order", ["simultaneous", "alternating"])
@pytest.mark.parametrize("shape", step.QUICK.networks, ids=["mlp", "dcgan"])
def test_library_and_handwritten_steps_are_the_same_program(shape, order):
    handwritten, library = map(instructions, compile_both(shape, order))
    assert handwritten.total() > 100
    assert handwritten == library


def test_comparison_sees_a_further_multiplication():
    handwritten, library = map(
        instructions, compile_both(step.QUICK.networks[0], "simultaneous", 2.0)
    )
    assert handwritten != library
