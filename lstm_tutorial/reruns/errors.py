"""What can go wrong in a command, each in one line. By itself, so that commands start fast."""


class RequestError(ValueError):
    """A request that can't be carried out: one line that says what is wrong and what would be right."""


class ChapterFailed(RuntimeError):  # noqa: N818
    """A chapter's cell raised: which chapter, which cell, which error, in one line."""


class SweepStopped(RuntimeError):  # noqa: N818
    """A sweep that can't go on, or of which runs failed: why, and what is kept, in one line."""
