"""Faults that have a name. Refusals are values in `core.rules.refusals`; conflicts live and die in `core.db`."""


class DatabaseOutdated(Exception):
    """The schema is older than the code: run `seatkeeper migrate`."""


class DatabaseAway(Exception):
    """The database does not answer, or not to us. The text says how it put it, without the password."""
