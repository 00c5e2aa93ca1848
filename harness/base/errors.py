"""The ways in which a verb can end, and the exit status of each."""

OK = 0
CHECK_FAILED = 1
BAD_SETUP = 2
GUEST_BROKEN = 3


class KmaplabError(Exception):
    """Ends the verb. The message says what is wrong and what to do next."""

    status = BAD_SETUP


class RequestError(KmaplabError):
    """What was asked for does not exist or makes no sense."""


class SetupError(KmaplabError):
    """The machine lacks something: a package, a mirror, a tool that works."""


class GuestError(KmaplabError):
    """The guest crashed, hung, or said something that makes no sense."""

    status = GUEST_BROKEN
