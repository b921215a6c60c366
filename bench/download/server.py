"""Serves one file, whole or by range, each connection in a thread of its own: `python3 server.py FILE [BYTES_A_SECOND]`."""

import os
import re
import socket
import sys
import threading
import time

path = sys.argv[1]
rate = float(sys.argv[2]) if len(sys.argv) > 2 else 0
size = os.path.getsize(path)
piece = 256 * 1024
lock = threading.Lock()
free_at = 0.0


def line_is_free(count: int) -> None:
    """All connections share one line of `rate` bytes a second."""
    global free_at
    with lock:
        start = max(free_at, time.monotonic() - 0.01)
        free_at = start + count / rate
    time.sleep(max(0, start - time.monotonic()))


def answer(connection: socket.socket) -> None:
    with connection, open(path, "rb") as file:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        request = b""
        while True:
            while b"\r\n\r\n" not in request:
                more = connection.recv(65536)
                if not more:
                    return
                request += more
            head, request = request.split(b"\r\n\r\n", 1)
            asked = re.search(rb"\r\nrange: *bytes=(\d+)-(\d*)", head, re.IGNORECASE)
            start = int(asked[1]) if asked else 0
            end = min(int(asked[2]) + 1, size) if asked and asked[2] else size
            connection.sendall(
                b"HTTP/1.1 %s\r\nContent-Length: %d\r\nETag: \"same\"\r\n%s\r\n"
                % (
                    b"206 Partial Content" if asked else b"200 OK",
                    end - start,
                    b"Content-Range: bytes %d-%d/%d\r\n" % (start, end - 1, size) if asked else b"",
                )
            )
            while start < end:
                if rate:
                    line_is_free(min(piece, end - start))
                sent = os.sendfile(connection.fileno(), file.fileno(), start, min(piece if rate else 1 << 24, end - start))
                if sent == 0:
                    return
                start += sent


def serve(connection: socket.socket) -> None:
    try:
        answer(connection)
    except OSError:
        pass  # the client has what it wanted


listening = socket.create_server(("127.0.0.1", 0), backlog=64)
print(listening.getsockname()[1], flush=True)
while True:
    threading.Thread(target=serve, args=(listening.accept()[0],), daemon=True).start()
