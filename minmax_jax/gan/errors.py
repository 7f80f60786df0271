"""Errors that are the user's to mend: the command line prints them as one line."""


class DataError(ValueError):
    """Data that cannot be used; the message is one line that says what to do."""
