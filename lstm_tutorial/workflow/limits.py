"""How much the server takes. No imports, because the command line shows these figures too."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """Each may be set on the command line."""

    body: int = 1_048_576  # bytes of a request's body
    rows: int = 10_000  # rows in a request
    sessions: int = 1_000  # sessions kept; 0 with several workers, none of which would know those of the others
    session_seconds: float = 3_600  # how long an unused session is kept
    requests: int = 256  # requests that a worker works on at the same time
    seconds: float = 10  # how long a request's body may take to arrive
    workers: int = 1  # processes that answer
