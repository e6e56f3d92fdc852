"""Become another program, under another account if asked, that dies with its parent.

Run as a script, `python -I -S launch.py PARENT SIGNAL ACCOUNT FOLDER PROGRAM
ARGUMENT...`, and not as
a `preexec_fn`: Python code between fork and exec may deadlock, and what the kernel is told here
must be told after the last change of credentials, which clears it (prctl(2), PR_SET_PDEATHSIG).

ACCOUNT is `-` for no change, or `UID:GID`. It may be unable to enter the folders that the program
and FOLDER, its data, lie in (a clone below /root, an install under umask 077). Then, and only
then, the program keeps the one capability that lets it: CAP_DAC_READ_SEARCH, or where the system
does not grant that (as Docker does not) CAP_DAC_OVERRIDE, as ambient capability
(capabilities(7)). No folder of the user changes its mode.
"""

import ctypes
import os
import signal
import sys
from typing import Final

PR_SET_PDEATHSIG: Final = 1
PR_SET_KEEPCAPS: Final = 8
PR_CAP_AMBIENT: Final = 47
PR_CAP_AMBIENT_RAISE: Final = 2

CAP_DAC_OVERRIDE: Final = 1
CAP_DAC_READ_SEARCH: Final = 2

LINUX_CAPABILITY_VERSION_3: Final = 0x20080522

EXIT_CANNOT_RUN: Final = 126
"""As in a shell: found, but could not be run."""


class CapabilityHeader(ctypes.Structure):
    """`struct __user_cap_header_struct` of linux/capability.h."""

    _fields_ = (("version", ctypes.c_uint32), ("pid", ctypes.c_int))


class CapabilityData(ctypes.Structure):
    """`struct __user_cap_data_struct`: one 32-bit half of each set."""

    _fields_ = (
        ("effective", ctypes.c_uint32),
        ("permitted", ctypes.c_uint32),
        ("inheritable", ctypes.c_uint32),
    )


def main(arguments: list[str]) -> None:
    """Replace this process by the program."""
    parent, death_signal, account, folder, *program = arguments
    if account != "-":
        uid, gid = (int(part) for part in account.split(":"))
        _become(uid, gid, program[0], folder)
    if not die_with_parent(int(parent), int(death_signal)):
        return
    # Python ignores these two; a program started by it would inherit that.
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
    os.execv(program[0], program)  # noqa: S606 - no shell wanted


def die_with_parent(parent: int, death_signal: int) -> bool:
    """Have the kernel send us a signal when our parent dies (Linux).

    Returns:
        False when it has died already: there is nothing to live for.
    """
    if sys.platform == "linux":
        _prctl(PR_SET_PDEATHSIG, death_signal)
    return os.getppid() == parent


def _become(uid: int, gid: int, program: str, folder: str) -> None:
    if sys.platform == "linux":
        _prctl(PR_SET_KEEPCAPS, 1)
    os.setgroups([])
    os.setresgid(gid, gid, gid)
    os.setresuid(uid, uid, uid)
    if sys.platform != "linux":
        return
    for capabilities in ((), (CAP_DAC_READ_SEARCH,), (CAP_DAC_OVERRIDE,)):
        if (
            _hold(capabilities)
            and _allowed(program, os.X_OK)
            and _allowed(folder, os.X_OK | os.W_OK)
        ):
            break
    for capability in capabilities:
        _prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, capability)


def _allowed(path: str, mode: int) -> bool:
    return os.access(path, mode, effective_ids=True)


def _hold(capabilities: tuple[int, ...]) -> bool:
    """Keep these capabilities effective, with the other permitted ones in reserve."""
    mask = sum(1 << capability for capability in capabilities)
    header = CapabilityHeader(LINUX_CAPABILITY_VERSION_3, 0)
    data = (CapabilityData * 2)()
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.capget(ctypes.byref(header), data) != 0 or mask & ~data[0].permitted:
        return False
    data[0].effective, data[1].effective = mask, 0
    data[0].inheritable, data[1].inheritable = mask, 0
    return bool(libc.capset(ctypes.byref(header), data) == 0)


def _prctl(option: int, *values: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    padded = [ctypes.c_ulong(value) for value in (*values, 0, 0, 0, 0)][:4]
    if libc.prctl(option, *padded) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except OSError as error:
        sys.stderr.write(f"cannot run {sys.argv[5]}: {error}\n")
        raise SystemExit(EXIT_CANNOT_RUN) from None
