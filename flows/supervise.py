"""Processes that never outlive the process that started them, not even when it is killed.

A small supervisor stands between the two. Its standard input is a pipe that only the starting
process holds open: when that process closes it, or dies of whatever cause, the supervisor reads
the end of the pipe and ends everything below itself. Compared with the alternatives:

- a signal handler does not run on SIGKILL;
- the kernel's parent-death signal fires when the *thread* that forked ends, and Prefect's tasks
  run in worker threads; it also reaches the child only, not the grandchildren;
- killing the process group misses what opens a session of its own (torchrun's workers do). The
  supervisor is the reaper of its descendants (Linux), so none gets out of its sight.

This file is run by its path, so it imports nothing of the project.
"""

import contextlib
import ctypes
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from typing import Any, Literal

import psutil

StopOrder = Literal["command-first", "command-last"]

STOPPED = 128 + signal.SIGTERM
_PR_SET_CHILD_SUBREAPER = 36


@contextlib.contextmanager
def supervised(
    command: Sequence[str],
    *,
    stop_order: StopOrder = "command-first",
    stop_signal: signal.Signals = signal.SIGTERM,
    grace_s: float = 5.0,
    **options: Any,
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a command under a supervisor; on leaving, it and all it started have ended.

    Args:
        command: program and arguments.
        stop_order: the processes that a stop signals. ``command-first``: the command, then the
            processes it leaves behind. ``command-last``: all processes that the command started,
            but not the command itself, which ends because its work did: so DVC releases its
            locks and is not cut short while it writes dvc.lock.
        stop_signal: the signal.
        grace_s: seconds after which a stop becomes SIGKILL.
        **options: passed on to ``subprocess.Popen`` (``cwd``, ``env``, ``stdout``, ``stderr``).
    """
    process = subprocess.Popen(
        [sys.executable, "-I", __file__, stop_order, stop_signal.name, str(grace_s), *command],
        stdin=subprocess.PIPE,
        start_new_session=True,
        **options,
    )
    try:
        yield process
    finally:
        stop(process)
        process.wait()
        if process.stdout:
            process.stdout.close()


def stop(process: subprocess.Popen[bytes]) -> None:
    """Have the supervisor ``process`` end everything; from any thread, returns at once."""
    if process.stdin:
        process.stdin.close()


def _supervise(
    stop_order: str, stop_signal: signal.Signals, grace_s: float, command: Sequence[str]
) -> int:
    """Run the command until it ends, standard input closes or a signal arrives."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    # Signals arrive as bytes in a pipe, so that one select() waits for them and for the parent.
    woken, wake = os.pipe()
    os.set_blocking(wake, False)
    signal.set_wakeup_fd(wake)
    for number in (signal.SIGCHLD, signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda *_: None)
    child = subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=True)
    while (code := child.poll()) is None:
        ready, _, _ = select.select([sys.stdin.fileno(), woken], [], [])
        if sys.stdin.fileno() in ready or set(os.read(woken, 64)) - {signal.SIGCHLD}:
            spared = child.pid if stop_order == "command-last" else None
            _end_descendants(stop_signal, grace_s, spared)
            return STOPPED
    _end_descendants(stop_signal, grace_s, spared=None)
    return code if code >= 0 else 128 - code


def _end_descendants(stop_signal: signal.Signals, grace_s: float, spared: int | None) -> None:
    """Send the signal to all but ``spared`` until the grace is over, then SIGKILL to all."""
    me = psutil.Process()
    deadline = time.monotonic() + grace_s
    signalled = {spared}
    # What a child leaves behind when it ends becomes a child of ours, and is signalled in its turn.
    while (children := me.children(recursive=spared is not None)) and time.monotonic() < deadline:
        for process in children:
            if process.pid not in signalled:
                signalled.add(process.pid)
                with contextlib.suppress(psutil.NoSuchProcess):
                    process.send_signal(stop_signal)
        psutil.wait_procs(children, timeout=0.1)
    while children := me.children(recursive=True):
        for process in children:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        psutil.wait_procs(children, timeout=1)


if __name__ == "__main__":
    _order, _signal, _grace_s, *_command = sys.argv[1:]
    sys.exit(_supervise(_order, signal.Signals[_signal], float(_grace_s), _command))
