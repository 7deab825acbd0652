"""A program on a pseudo-terminal, and somebody who sits at it.

    terminal.py CONVERSATION PROGRAM ARGUMENT…

The conversation is JSON, a list of pairs: what the screen must say next, and what is typed then. All that the
screen was sent is printed at the end, and the program's exit code becomes this one's.
"""

import fcntl
import json
import os
import pty
import select
import struct
import sys
import termios
import time

ROWS, COLUMNS = 24, 60
PATIENCE_S = 60
PIECE_BYTES = 65536


def main():
    conversation = json.loads(sys.argv[1])
    child, screen = pty.fork()
    if child == 0:
        size = struct.pack("HHHH", ROWS, COLUMNS, 0, 0)
        fcntl.ioctl(sys.stdin.fileno(), termios.TIOCSWINSZ, size)
        os.execv(sys.argv[2], sys.argv[2:])
    sent, deadline = b"", time.monotonic() + PATIENCE_S
    read_to = 0
    for awaited, typed in conversation:
        while (at := sent.find(awaited.encode(), read_to)) < 0:
            piece = read(screen, deadline)
            if not piece:
                sys.exit(f"it never said {awaited!r}: {sent!r}")
            sent += piece
        read_to = at + len(awaited.encode())
        os.write(screen, typed.encode())
    while piece := read(screen, deadline):
        sent += piece
    sys.stdout.buffer.write(sent)
    sys.stdout.flush()
    sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))


def read(screen, deadline):
    """What comes next; nothing where the program has ended or does not speak any more."""
    ready, _, _ = select.select([screen], [], [], max(0, deadline - time.monotonic()))
    if not ready:
        return b""
    try:
        return os.read(screen, PIECE_BYTES)
    except OSError:
        return b""


main()
