"""Several processes that answer at one address; POSIX only.

The parent hands each connection to the next worker in turn, over a channel of its own: those that are kept open stay
where they are. Of 32 that two workers took themselves, one had 4 to 16 with one listening socket, and 9 to 16 with two
(SO_REUSEPORT). The end of a channel tells its worker to stop, and it comes too when the parent is killed.
"""

from __future__ import annotations

import asyncio
import gc
import select
import signal
import socket
import sys
from contextlib import closing, suppress
from functools import partial
from itertools import cycle
from multiprocessing import get_context
from multiprocessing.connection import wait
from multiprocessing.process import BaseProcess
from time import monotonic, sleep
from types import FrameType

from fastapi import FastAPI

from lstm_tutorial.workflow.serve import Server

STOPS = (signal.SIGTERM, signal.SIGINT)
PAUSE = 1.0  # seconds at least from the start of a worker to that of the one that replaces it
RETRY = 0.01  # seconds between two looks where a worker is missing, or its channel full


class Worker(Server):
    """A server whose connections come through `channel`."""

    def __init__(self, app: FastAPI, number: int, channel: socket.socket) -> None:
        super().__init__(app)
        self.gate.counts.worker = number
        self.channel = channel

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to take connections."""
        await super().startup(sockets)
        asyncio.get_running_loop().add_reader(self.channel, self._take)

    def _take(self) -> None:
        message, files, *_ = socket.recv_fds(self.channel, 1, 1)
        if not message:
            asyncio.get_running_loop().remove_reader(self.channel)
            self.should_exit = True
        for file in files:
            task = asyncio.ensure_future(self._open(socket.socket(fileno=file)))
            self.server_state.tasks.add(task)  # a stop waits for these
            task.add_done_callback(self.server_state.tasks.discard)

    async def _open(self, connection: socket.socket) -> None:
        connection.setblocking(False)
        make, state = self.config.http_protocol_class, self.server_state
        protocol = partial(make, config=self.config, server_state=state, app_state={})  # type: ignore[call-arg]
        with suppress(OSError):  # the client is gone already
            await asyncio.get_running_loop().connect_accepted_socket(protocol, connection)


class Team:
    """The parent's view of its workers."""

    def __init__(self, app: FastAPI, listener: socket.socket) -> None:
        self.app, self.listener = app, listener
        workers = range(app.state.gate.limits.workers)
        # They outlive their workers: what a dead one left in its channel is taken by the next.
        self.channels = [socket.socketpair() for _ in workers]
        self.processes: dict[int, BaseProcess] = {}
        self.stopping = self.cut_off = False
        self._due, self._turn = [0.0 for _ in workers], cycle(workers)

    def handle_exit(self, signum: int, _: FrameType | None) -> None:
        """The first signal asks for an end, a second Ctrl-C cuts off who is still connected."""
        if self.stopping and signum == signal.SIGINT:
            self.cut_off = True
            for process in self.processes.values():
                process.kill()
        self.stopping = True

    def keep_up(self, signals: socket.socket) -> None:
        """Start workers that are missing, wait for something to happen, and see to it."""
        for worker, due in enumerate(self._due):
            if worker not in self.processes and due <= monotonic():
                self._start(worker)
        ends = {process.sentinel: worker for worker, process in self.processes.items()}
        room = [worker for worker in self.processes if select.select([], [self.channels[worker][0]], [], 0)[1]]
        pause = None if len(room) == len(self.channels) else RETRY
        ready = wait([signals, *ends, *([self.listener] if room else [])], pause)
        if self.listener in ready:
            self._deal(room)
        for end in ends.keys() & ready:
            self._bury(ends[end])

    def close(self) -> None:
        """Take no more connections; with the last copies of these closed, workers finish what they have and end."""
        for end in (self.listener, *(ours for ours, _ in self.channels)):
            end.close()

    def _start(self, worker: int) -> None:
        self._due[worker] = monotonic() + PAUSE
        process = get_context("fork").Process(target=self._work, args=(worker,))
        # A worker never unblocks them: Ctrl-C reaches all processes, and what follows is for the parent to say.
        signal.pthread_sigmask(signal.SIG_BLOCK, STOPS)
        with suppress(OSError):  # no memory, for a while
            process.start()
            self.processes[worker] = process
        signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPS)

    def _work(self, worker: int) -> None:
        self.close()
        Worker(self.app, worker, self.channels[worker][1]).run([])

    def _bury(self, worker: int) -> None:
        process = self.processes.pop(worker)
        process.join()
        self.app.state.gate.counts.show_active(0, worker)
        with suppress(OSError):  # nobody listens
            print(f"lstm-tutorial: worker {process.pid} ended ({process.exitcode}); replaced", file=sys.stderr)

    def _deal(self, room: list[int]) -> None:
        try:
            with self.listener.accept()[0] as connection:
                worker = next(worker for worker in self._turn if worker in room)
                socket.send_fds(self.channels[worker][0], [b"+"], [connection.fileno()])
        except OSError:  # too many open files, perhaps: only time helps
            sleep(RETRY)


def serve(app: FastAPI, listener: socket.socket) -> bool:
    """As `serve.serve`, with as many workers as the app's limits say; replaces those that die."""
    team, (signals, written) = Team(app, listener), socket.socketpair()
    listener.setblocking(False)
    written.setblocking(False)
    signal.set_wakeup_fd(written.fileno())
    for signum in STOPS:
        signal.signal(signum, team.handle_exit)
    gc.collect()  # what is loaded by now stays in memory that the workers share, if the collector leaves it alone
    gc.freeze()
    with closing(team):
        while not team.stopping:
            team.keep_up(signals)
    for process in team.processes.values():
        process.join()
    signal.set_wakeup_fd(-1)
    return not team.cut_off
