#!/usr/bin/env python3
"""Depth of one picture, with nothing but Python: a job that is followed while it runs.

    python3 examples/depth.py examples/street.jpg depth.png depth.npz

EASEL_URL names another server than the one on this machine, EASEL_AUTH_TOKEN its token if it has one.
"""

import base64
import json
import os
import sys
import urllib.error
import urllib.request
from pathlib import Path

URL = os.environ.get("EASEL_URL", "http://127.0.0.1:8000")
TOKEN = os.environ.get("EASEL_AUTH_TOKEN")


def ask(path, body=None):
    """The answer to a GET, or to a POST of `body` as JSON."""
    headers = {"Content-Type": "application/json", "Accept": "application/json"}
    if TOKEN:
        headers["Authorization"] = f"Bearer {TOKEN}"
    data = None if body is None else json.dumps(body).encode()
    try:
        return urllib.request.urlopen(urllib.request.Request(URL + path, data, headers))
    except urllib.error.HTTPError as refusal:
        sys.exit(f"{refusal.code}: {json.load(refusal)['detail']}")


def follow(job_id):
    """Prints a job's progress and gives the job once it has ended."""
    event = ""
    for line in ask(f"/v1/jobs/{job_id}/events"):
        name, _, value = line.decode().rstrip("\n").partition(": ")
        if name == "event":
            event = value
        elif name == "data" and event == "status":
            status = json.loads(value)
            print(f"{status['progress_label']} {status['progress'] or 0:.0%}", file=sys.stderr)
        elif name == "data" and event in ("succeeded", "failed", "canceled"):
            return json.loads(value)
    sys.exit("the connection ended before the job did")


def main():
    if len(sys.argv) != 4:
        sys.exit("usage: depth.py PICTURE OUTPUT.png OUTPUT.npz")
    picture, png, npz = (Path(argument) for argument in sys.argv[1:4])
    image = "data:application/octet-stream;base64," + base64.b64encode(picture.read_bytes()).decode()
    with ask("/v1/image/depthanything/estimate", {"image": {"data_url": image}, "mode": "async"}) as answer:
        job = follow(json.load(answer)["job_id"])
    if job["status"] != "succeeded":
        sys.exit(job["error"] or job["status"])
    result = job["result"]
    for target, file_id in ((png, result["depth_image_file_id"]), (npz, result["depth_data_file_id"])):
        with ask(f"/v1/files/{file_id}/download") as answer:
            target.write_bytes(answer.read())
    print(f"{result['width']} x {result['height']}, {result['depth_unit']}, model {result['model']}")


if __name__ == "__main__":
    main()
