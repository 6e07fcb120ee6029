"""The process that stays: it has everything loaded, and makes a new service out of itself when the one at work dies.

A start of Python is a second of processor, and a machine whose service has just died during two hundred calls has the least to
spare. So ``cti run`` is two processes: the guardian loads every module once and then waits; the service at work is its child, a
copy of it that begins with all of that in memory (docs/decisions/0033). The guardian does nothing else: it opens no file, no
socket, no database and reads no configuration, so that there is nothing in it that could fail.

The two die together: a guardian that is killed takes its child with it (whoever started it starts both again), and a signal to
stop is passed on. A child that ends by itself says by its code why, and that is the end of the guardian too, unless it had been
at work for a while: a service that cannot start (configuration, database, port) is for people, not for another try.
"""

import contextlib
import ctypes
import os
import signal
import sys
from collections import deque
from collections.abc import Callable
from types import FrameType
from typing import Final, NoReturn

import structlog

log = structlog.get_logger(__name__)

#: A service that lived for so long could start: what ends it afterwards is a fault, and a new one may do better.
_AT_WORK_US: Final = 10_000_000
#: So many deaths within a minute, and whoever watches the guardian shall know.
_DEATHS_MOST: Final = 5
_MINUTE_US: Final = 60_000_000
_TOLD: Final = (signal.SIGTERM, signal.SIGINT)
_PR_SET_PDEATHSIG: Final = 1


def guard(work: Callable[[], int], monotonic_us: Callable[[], int]) -> int:
    """Keep a child that does ``work`` alive until it is told to stop; the exit code of the last one.

    Call it before any thread or event loop is started: a copy has only the thread that made it.

    Args:
        work: the service, from the reading of its configuration to its end; gives its exit code.
        monotonic_us: a clock that never steps.
    """
    keeper = _Keeper(work, monotonic_us)
    before = {number: signal.signal(number, keeper.told) for number in _TOLD}
    try:
        return keeper.run()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


class _Keeper:
    def __init__(self, work: Callable[[], int], monotonic_us: Callable[[], int]) -> None:
        self._work = work
        self._monotonic_us = monotonic_us
        self._child = 0
        self._stopping = False
        self._deaths: deque[int] = deque(maxlen=_DEATHS_MOST)

    def told(self, number: int, _frame: FrameType | None) -> None:
        """Whoever started us wants the service to end."""
        self._stopping = True
        if self._child:
            with contextlib.suppress(ProcessLookupError):  # it has ended meanwhile
                os.kill(self._child, number)

    def run(self) -> int:
        while True:
            began_us = self._monotonic_us()
            self._start()
            code = self._end()
            lived_us = self._monotonic_us() - began_us
            if self._stopping or code == 0 or (code > 0 and lived_us < _AT_WORK_US):
                return code if code >= 0 else 128 - code
            log.error("service_died", code=code, lived_seconds=round(lived_us / 1e6, 1))
            if self._too_often():
                log.error("service_dies_too_often", deaths=_DEATHS_MOST)
                return code if code > 0 else 128 - code

    def _start(self) -> None:
        # A signal that comes between the copy and the note of who it is would reach nobody.
        signal.pthread_sigmask(signal.SIG_BLOCK, _TOLD)
        guardian = os.getpid()
        self._child = os.fork()
        if not self._child:
            self._be_the_service(guardian)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _TOLD)
        if self._stopping:
            os.kill(self._child, signal.SIGTERM)

    def _be_the_service(self, guardian: int) -> NoReturn:
        """In the child: the work, then its end; nothing of the guardian goes on here."""
        code = 1
        try:
            for number in _TOLD:
                signal.signal(number, signal.default_int_handler if number is signal.SIGINT else signal.SIG_DFL)
            die_with(guardian)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, _TOLD)
            code = self._work()
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else int(end.code is not None)
        except BaseException:
            log.exception("service_failed")
        finally:
            for stream in (sys.stdout, sys.stderr):
                with contextlib.suppress(OSError, ValueError):
                    stream.flush()
            os._exit(code)

    def _end(self) -> int:
        """Wait for the child's end; its exit code, or minus the signal that killed it."""
        _, status = os.waitpid(self._child, 0)
        self._child = 0
        return os.waitstatus_to_exitcode(status)

    def _too_often(self) -> bool:
        at = self._monotonic_us()
        self._deaths.append(at)
        return len(self._deaths) == _DEATHS_MOST and at - self._deaths[0] < _MINUTE_US


def die_with(parent: int) -> None:
    """Have the kernel kill this process when its parent, which must be ``parent``, dies (Linux, prctl(2)).

    Raises:
        OSError: it cannot.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG)")
    if os.getppid() != parent:
        os._exit(1)  # it died before we could ask
