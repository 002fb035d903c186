"""What stops a load: sentences for the person who started it."""


class LoadError(Exception):
    """The load cannot go on; nothing is published and the old snapshot stays. The text says what to do."""


class RefusedFileError(Exception):
    """One file cannot be read at all; the others go on. The text says why and what to do."""
