"""Real processes for tests of sweeps: commands that can be found again, and waiting for what they do."""

import os
import subprocess
import sys
import time

import psutil

COMMAND = [sys.executable, "-c", "from lstm_tutorial.cli import main; main()", "sweep"]
MARK = "LSTM_TUTORIAL_TEST"
STARTED = []


def start(folder, *arguments, program=COMMAND, **environment):
    """A process with its own group, whose descendants `left` finds by the folder."""
    process = subprocess.Popen(
        [*program, *map(str, arguments)],
        cwd=folder,
        env=os.environ | {MARK: str(folder)} | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    STARTED.append((folder, process))
    return process


def clean_up():
    """End whatever a test has started and not seen to its end."""
    while STARTED:
        folder, process = STARTED.pop()
        for one in left(folder):
            one.kill()
        process.wait()
        for stream in (process.stdout, process.stderr):
            stream.close()


def finish(process, seconds=240):
    """Exit code, and what was said on stderr."""
    with process:
        _, error = process.communicate(timeout=seconds)
    return process.returncode, error


def wait(condition, seconds=300):
    """Until something is true, which it has to become."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.1)


def left(folder):
    """What still runs of what was started for this folder."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get(MARK) == str(folder) and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
        except psutil.Error:
            continue
    return found


def last_line(error):
    """The line that tells a user what happened, which is all that is said beside the progress bar."""
    assert "Traceback" not in error
    *bars, line, end = error.replace("\r", "\n").split("\n")
    assert end == ""
    assert all(not bar or "run/s" in bar or "s/run" in bar for bar in bars), error
    return line
