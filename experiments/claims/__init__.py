"""One page per claim; the tables come from the recorded results."""
