"""Notices that the terminal is gone."""

from __future__ import annotations

import os
import select
import signal
import sys
import threading


def end_with_terminal() -> None:
    """Ends this process when its terminal goes away, also where the system sends no SIGHUP.

    A session's leader gets the signal; a process whose terminal is not its controlling one does not, and
    Textual then reads the end of the file over and over, with a whole core.
    """
    if hasattr(select, "poll"):
        threading.Thread(target=_watch, args=(sys.stdin.fileno(),), name="terminal", daemon=True).start()


def _watch(terminal: int) -> None:
    poll = select.poll()
    poll.register(terminal, 0)  # hang-ups and errors are told whatever is asked for
    while not any(told & (select.POLLHUP | select.POLLERR) for _, told in poll.poll()):
        pass
    # No exception: the event loop may be waiting for ever to write to what is not there. The default action
    # of SIGHUP ends the process at once; where it is ignored (nohup), SIGKILL does.
    is_ignored = signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    os.kill(os.getpid(), signal.SIGKILL if is_ignored else signal.SIGHUP)
