"""A model hub with one repository: a small config and one large file, whole or by range, each connection in a thread of its own.

python3 server.py FILE SHA256 [BYTES_A_SECOND]
"""

import json
import os
import re
import socket
import sys
import threading
import time

path, sha256 = sys.argv[1:3]
rate = float(sys.argv[3]) if len(sys.argv) > 3 else 0
size = os.path.getsize(path)
commit = "c" * 40
piece = 256 * 1024
lock = threading.Lock()
free_at = 0.0

info = {
    "_id": "1",
    "id": "org/model",
    "sha": commit,
    "downloads": 0,
    "likes": 0,
    "private": False,
    "gated": False,
    "lastModified": "2026-01-01T00:00:00.000Z",
}
tree = [
    {"type": "file", "path": "config.json", "size": 2, "oid": "9e26dfeeb6e641a33dae4961196235bdb965b21b"},
    {
        "type": "file",
        "path": "model.safetensors",
        "size": size,
        "oid": "1" * 40,
        "lfs": {"oid": sha256, "size": size, "pointerSize": 134},
    },
]


def line_is_free(count: int) -> None:
    """All connections share one line of `rate` bytes a second."""
    global free_at
    with lock:
        start = max(free_at, time.monotonic() - 0.01)
        free_at = start + count / rate
    time.sleep(max(0, start - time.monotonic()))


def send_file(connection: socket.socket, head: bytes) -> None:
    asked = re.search(rb"\r\nrange: *bytes=(\d+)-(\d*)", head, re.IGNORECASE)
    start = int(asked[1]) if asked else 0
    end = min(int(asked[2]) + 1, size) if asked and asked[2] else size
    connection.sendall(
        b"HTTP/1.1 %s\r\nContent-Length: %d\r\n%s\r\n"
        % (
            b"206 Partial Content" if asked else b"200 OK",
            end - start,
            b"Content-Range: bytes %d-%d/%d\r\n" % (start, end - 1, size) if asked else b"",
        )
    )
    with open(path, "rb") as file:
        while start < end:
            count = min(piece if rate else 1 << 24, end - start)
            if rate:
                line_is_free(count)
            start += os.sendfile(connection.fileno(), file.fileno(), start, count)


def answer(connection: socket.socket) -> None:
    with connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        request = b""
        while True:
            while b"\r\n\r\n" not in request:
                more = connection.recv(65536)
                if not more:
                    return
                request += more
            head, request = request.split(b"\r\n\r\n", 1)
            target = head.split(b" ", 2)[1]
            if target.endswith(b"/model.safetensors"):
                send_file(connection, head)
                continue
            body = (
                b"{}"
                if target.endswith(b"/config.json")
                else json.dumps(tree if b"/tree/" in target else info).encode()
            )
            connection.sendall(
                b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)
            )


def serve(connection: socket.socket) -> None:
    try:
        answer(connection)
    except OSError:
        pass  # the client has what it wanted


listening = socket.create_server(("127.0.0.1", 0), backlog=64)
print(listening.getsockname()[1], flush=True)
while True:
    threading.Thread(target=serve, args=(listening.accept()[0],), daemon=True).start()
