#!/usr/bin/env python3
"""Receives webhooks and checks that they come from the server, with nothing but Python.

    EASEL_WEBHOOK_SECRET=whsec_... python3 examples/webhook.py 9000

The server signs with its setting `webhook_secret`. It reaches private addresses, such as this machine's, only if the setting
`allowed_url_hosts` names them. The signature follows https://www.standardwebhooks.com.
"""

import base64
import hashlib
import hmac
import json
import os
import sys
import time
from http.server import BaseHTTPRequestHandler, HTTPServer

TOLERANCE_S = 300


def verify(secret, headers, body, now):
    """Raises ValueError unless the body was signed with the secret within the last minutes."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    sent, stamp = headers["webhook-id"] or "", headers["webhook-timestamp"] or ""
    if not stamp.isdigit() or abs(now - int(stamp)) > TOLERANCE_S:
        raise ValueError("the message is too old")
    signed = f"{sent}.{stamp}.".encode() + body
    wanted = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    given = [each.removeprefix("v1,") for each in (headers["webhook-signature"] or "").split(" ")]
    if not any(hmac.compare_digest(each.encode(), wanted.encode()) for each in given):
        raise ValueError("the signature is wrong")


class Receiver(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"] or 0))
        try:
            verify(SECRET, self.headers, body, time.time())
        except ValueError as error:
            self.answer(400, f"refused: {error}")
            return
        job = json.loads(body)
        # A message can arrive twice, always under the same webhook-id.
        self.answer(204, f"{job['id']} {job['status']}")

    def answer(self, status, line):
        print(line, flush=True)
        self.send_response(status)
        self.end_headers()

    def log_message(self, *_):
        pass


if len(sys.argv) != 2 or "EASEL_WEBHOOK_SECRET" not in os.environ:
    sys.exit("usage: EASEL_WEBHOOK_SECRET=whsec_... python3 webhook.py PORT")
SECRET = os.environ["EASEL_WEBHOOK_SECRET"]
server = HTTPServer(("127.0.0.1", int(sys.argv[1])), Receiver)
print(f"listening on {server.server_port}", flush=True)
server.serve_forever()
