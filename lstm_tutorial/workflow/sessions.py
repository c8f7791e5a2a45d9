"""What the server keeps of a client between requests.

A session keeps the last `reach` rows, not the LSTM's h and c: the recipe scales each window by the window's own last
value, so each new row changes every input of the window, and the network must read it again from its start.
"""

from __future__ import annotations

import math
import secrets
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic

import numpy as np

from lstm_tutorial.workflow.clock import refuse

NONE_KEPT = "this server keeps no sessions, because it has several workers; sessions want one with --workers 1"


@dataclass
class Session:
    """One client's last rows (at most reach, columns), the last one's time, and when it was used, in seconds."""

    id: str
    values: np.ndarray
    last: np.datetime64 | None
    used: float


class Sessions:
    """At most `most` sessions; each is forgotten `seconds` after it was last used.

    When all places are taken a new session is refused, rather than a session dropped on which somebody counts. Where
    there are no places at all every use is refused.
    """

    def __init__(self, most: int, seconds: float, now: Callable[[], float] = monotonic) -> None:
        self.most, self.seconds, self._now = most, seconds, now
        self._kept: OrderedDict[str, Session] = OrderedDict()  # the longest unused first

    def __len__(self) -> int:
        self._expire()
        return len(self._kept)

    def check_place(self) -> None:
        """Raise an HTTPException if all places are taken."""
        self._check_kept()
        if len(self) >= self.most:
            oldest = next(iter(self._kept.values()))
            wait = math.ceil(self.expires_in(oldest))
            raise refuse(f"all {self.most} sessions are taken; one may be free in {wait} seconds", 429, wait)

    def add(self, values: np.ndarray, last: np.datetime64 | None) -> Session:
        """A new session with an id that nobody can guess."""
        self.check_place()
        session = Session(secrets.token_urlsafe(16), values, last, self._now())
        self._kept[session.id] = session
        return session

    def get(self, key: str) -> Session:
        """The session, from now on the one used last; an HTTPException if there is none."""
        self._check_kept()
        self._expire()
        if key not in self._kept:
            raise refuse("no such session; it was deleted, or not used for too long", 404)
        self._kept.move_to_end(key)
        self._kept[key].used = self._now()
        return self._kept[key]

    def delete(self, key: str) -> None:
        """Forget it; an HTTPException if there is none."""
        del self._kept[self.get(key).id]

    def expires_in(self, session: Session) -> float:
        """Seconds until it is forgotten."""
        return max(0.0, session.used + self.seconds - self._now())

    def _check_kept(self) -> None:
        if not self.most:
            raise refuse(NONE_KEPT, 404)

    def _expire(self) -> None:
        while self._kept and self.expires_in(next(iter(self._kept.values()))) <= 0:
            self._kept.popitem(last=False)
