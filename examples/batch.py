#!/usr/bin/env python3
"""Depth of every picture in a folder. Can be stopped and started again: what is done is not done twice.

    python3 examples/batch.py PICTURES DEPTHS [--colormap turbo] [--model v2-small]

All pictures wait in the server's queue, and each result is fetched as its job ends. A picture that the server refuses is named and
the others go on. EASEL_URL names another server than the one on this machine, EASEL_AUTH_TOKEN its token if it has one.
"""

import argparse
import json
import os
import sys
import time
import urllib.error
import urllib.request
import uuid
from pathlib import Path

URL = os.environ.get("EASEL_URL", "http://127.0.0.1:8000")
TOKEN = os.environ.get("EASEL_AUTH_TOKEN")
KINDS = {".jpg", ".jpeg", ".png", ".webp", ".gif", ".tif", ".tiff", ".avif"}


class Refused(Exception):
    """The server's own words."""


def ask(path, data=None, **headers):
    request = urllib.request.Request(URL + path, data)
    for name, value in headers.items():
        request.add_header(name.replace("_", "-"), value)
    if TOKEN:
        request.add_header("Authorization", f"Bearer {TOKEN}")
    try:
        with urllib.request.urlopen(request) as answer:
            return answer.read()
    except urllib.error.HTTPError as refusal:
        raise Refused(json.load(refusal)["detail"]) from None


def upload(picture):
    border = uuid.uuid4().hex
    head = f'--{border}\r\nContent-Disposition: form-data; name="file"; filename="picture{picture.suffix}"\r\n\r\n'
    body = head.encode() + picture.read_bytes() + f"\r\n--{border}--\r\n".encode()
    answer = ask("/v1/files", body, Content_Type=f"multipart/form-data; boundary={border}")
    return json.loads(answer)["file_id"]


def submit(picture, options):
    body = {"image": {"file_id": upload(picture)}, "include_depth_data": False, "mode": "async", **options}
    answer = ask("/v1/image/depthanything/estimate", json.dumps(body).encode(), Content_Type="application/json")
    return json.loads(answer)["job_id"]


def ended(job_id):
    while True:
        job = json.loads(ask(f"/v1/jobs/{job_id}"))
        if job["finished_at"] is not None:
            return job
        time.sleep(0.2)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("pictures", type=Path)
    parser.add_argument("depths", type=Path)
    parser.add_argument("--colormap", default="grey")
    parser.add_argument("--model")
    arguments = parser.parse_args()
    options = {"colormap": arguments.colormap}
    if arguments.model:
        options["model"] = arguments.model
    arguments.depths.mkdir(parents=True, exist_ok=True)

    waiting, refused = [], 0
    for picture in sorted(path for path in arguments.pictures.iterdir() if path.suffix.lower() in KINDS):
        target = arguments.depths / f"{picture.name}.depth.png"
        if target.exists():
            continue
        try:
            waiting.append((picture, target, submit(picture, options)))
        except Refused as refusal:
            refused += 1
            print(f"{picture.name}: {refusal}", file=sys.stderr)
    for picture, target, job_id in waiting:
        job = ended(job_id)
        if job["status"] != "succeeded":
            refused += 1
            print(f"{picture.name}: {job['error'] or job['status']}", file=sys.stderr)
            continue
        # Written beside and moved, so that a half-written file never counts as done.
        partial = target.with_suffix(".part")
        partial.write_bytes(ask(f"/v1/files/{job['artifacts'][0]}/download"))
        partial.replace(target)
        print(target)
    sys.exit(1 if refused else 0)


if __name__ == "__main__":
    main()
