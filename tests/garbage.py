"""Fast collection of the garbage of one test."""

import contextlib
import gc


@contextlib.contextmanager
def collected():
    """Collects the objects that became garbage in the body, when the body ends.

    Otherwise `gc.collect` visits all objects of the process, which takes a second after many
    tests. Here, and for calls in the body, it leaves out objects that are older than the body.
    """
    gc.freeze()
    try:
        yield
    finally:
        gc.collect()
        gc.unfreeze()
