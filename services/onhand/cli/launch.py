"""Become the program on the command line, tied to the life of the process that asked for it.

Usage: launch.py PARENT_PID DEATH_SIGNAL UID GID PROGRAM [ARGUMENT...]     (UID -1: stay who we are)

A supervisor that is killed cannot stop its children, so the kernel has to (PR_SET_PDEATHSIG).
`subprocess` could arrange that in `preexec_fn`, but that runs Python between fork and exec, which
can deadlock in a process with threads, and gRPC has some. Hence this script, run on its own
without the package. The kernel forgets the request when the user changes, so that comes first.
"""

import ctypes
import os
import sys

PR_SET_PDEATHSIG = 1


def main() -> None:
    parent, death_signal, uid, gid = (int(argument) for argument in sys.argv[1:5])
    program = sys.argv[5:]
    if uid >= 0:
        os.setgroups([])
        os.setgid(gid)
        os.setuid(uid)
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, death_signal, 0, 0, 0)
    if os.getppid() != parent:
        sys.exit("the process that asked for this one is already gone")
    try:
        os.execvp(program[0], program)  # noqa: S606 - no shell is wanted
    except OSError as error:
        sys.exit(f"cannot run {program[0]}: {error}")


if __name__ == "__main__":
    main()
