"""Multi-process training: start-up, communication, shutdown and signals."""
