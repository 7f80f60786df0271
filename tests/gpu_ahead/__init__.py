"""Compiles programs for an H100 without a GPU, to count what they launch.

compiling    from a JAX function to a compiled program
counting     convolutions, kernels and bytes of a compiled program
grouped      the forms of a grouped convolution
many_devices training steps of 64 devices
steps        the training steps that the tests and the command count
trainer      the trainer's step, with all that it adds
__main__     prints the counts: `python -m tests.gpu_ahead`
"""
