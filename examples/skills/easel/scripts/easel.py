#!/usr/bin/env python3
"""Talks to an easel server: models, run, wait, cancel, preview, install. Needs nothing but Python 3."""

import argparse
import json
import os
import sys
import time
import urllib.error
import urllib.request
import uuid

BASE = os.environ.get("EASEL_URL", "http://127.0.0.1:8000").rstrip("/")
TOKEN = os.environ.get("EASEL_AUTH_TOKEN")


def fail(words):
    sys.exit(f"error: {words}")


def request(method, path, body=None, headers=()):
    headers = dict(headers)
    if TOKEN:
        headers["Authorization"] = f"Bearer {TOKEN}"
    if isinstance(body, dict):
        body = json.dumps(body).encode()
        headers["Content-Type"] = "application/json"
    try:
        return urllib.request.urlopen(urllib.request.Request(BASE + path, data=body, headers=headers, method=method))
    except urllib.error.HTTPError as error:
        text = error.read().decode(errors="replace")
        try:
            refused = json.loads(text)
            code, detail = refused["code"], refused["detail"]
        except (ValueError, KeyError, TypeError):
            fail(f"http_{error.code}: {text[:300]}")
        if not isinstance(detail, str):
            detail = "; ".join(f"{'.'.join(map(str, each['loc'][1:]))}: {each['msg']}" for each in detail)
        fail(f"{code}: {detail}")
    except urllib.error.URLError as error:
        fail(f"no server at {BASE} ({error.reason}); start one with: easel run")


def get(path):
    with request("GET", path) as answer:
        return json.load(answer)


def upload(path):
    boundary = uuid.uuid4().hex
    try:
        with open(path, "rb") as file:
            content = file.read()
    except OSError as error:
        fail(f"{path} cannot be read: {error.strerror}")
    name = os.path.basename(path).replace('"', "_")
    head = f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n'
    body = head.encode() + content + f"\r\n--{boundary}--\r\n".encode()
    kind = {"Content-Type": f"multipart/form-data; boundary={boundary}"}
    with request("POST", "/v1/files", body, kind) as answer:
        return {"file_id": json.load(answer)["file_id"]}


def pairs(values):
    for each in values:
        name, equals, value = each.partition("=")
        if not equals:
            fail(f"{each}: write it as NAME=VALUE")
        yield name, value


def value_of(text):
    try:
        return json.loads(text)
    except ValueError:
        return text


def models(_):
    for model in get("/v1/setup")["data"]:
        state = "installed" if model["activated"] else "not installed"
        fits = {True: "fits", False: "does not fit", None: "memory unknown"}[model["fits"]]
        size = f"{model['size_gb']} GB" if model["size_gb"] else "no download"
        use = "" if model["commercial_use"] else " (no commercial use)"
        name = f"{model['family']}/{model['name']}"
        print(f"{name}: {state}, {fits}, {size}, {model['licence']}{use}")


def run(given):
    family, _, operation = given.operation.partition("/")
    body = {name: value_of(value) for name, value in pairs(given.set)}
    pictures = {}
    for name, path in pairs(given.picture):
        pictures.setdefault(name, []).append(upload(path))
    for name, files in pictures.items():
        body[name] = files if name == "images" or len(files) > 1 else files[0]
    start(f"/v1/image/{family}/{operation}", {**body, "mode": "async"}, given.out)


def start(path, body, out):
    with request("POST", path, body) as answer:
        ignored = answer.headers.get("X-Easel-Ignored")
        if ignored:
            print(f"ignored: {ignored}", file=sys.stderr)
        job_id = json.load(answer)["job_id"]
    print(job_id, flush=True)
    follow(job_id, out)


def follow(job_id, out):
    shown = None
    while True:
        job = get(f"/v1/jobs/{job_id}")
        if job["status"] not in ("queued", "running"):
            break
        state = f"{job['progress_label']} {round(100 * (job['progress'] or 0))} %"
        if state != shown:
            print(state, file=sys.stderr, flush=True)
        shown = state
        time.sleep(0.5)
    if job["status"] == "canceled":
        fail("canceled: the job was cancelled")
    if job["status"] == "failed":
        fail(f"{job['error_code']}: {job['error']}")
    for note in (job["result"] or {}).get("notes") or []:
        print(f"note: {note}", file=sys.stderr)
    for index, file_id in enumerate(job["artifacts"]):
        if out and index == 0:
            download(f"/v1/files/{file_id}/download", out)
        else:
            print(f"{BASE}/v1/files/{file_id}/download")


def download(path, out):
    with request("GET", path) as answer, open(out, "wb") as file:
        while block := answer.read(1 << 20):
            file.write(block)
    print(out)


def cancel(given):
    with request("POST", f"/v1/jobs/{given.job}/cancel", {}) as answer:
        print(json.load(answer)["status"])


def install(given):
    family, _, name = given.model.partition("/")
    body = {"accept_license": given.accept_license}
    start(f"/v1/image/{family}/models/{name}/activate", body, None)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    commands = parser.add_subparsers(required=True)

    def command(name, does, *arguments):
        made = commands.add_parser(name)
        made.set_defaults(does=does)
        for argument in arguments:
            made.add_argument(argument)
        return made

    command("models", models)
    making = command("run", run, "operation")
    making.add_argument("--picture", action="append", default=[], metavar="FIELD=PATH")
    making.add_argument("--set", action="append", default=[], metavar="NAME=VALUE")
    making.add_argument("--out")
    waiting = command("wait", lambda given: follow(given.job, given.out), "job")
    waiting.add_argument("--out")
    command("cancel", cancel, "job")
    preview = command(
        "preview",
        lambda given: download(f"/v1/files/{given.file}/thumbnail?size=320", given.out),
        "file",
    )
    preview.add_argument("--out", default="preview.webp")
    installing = command("install", install, "model")
    installing.add_argument("--accept-license", action="store_true")
    given = parser.parse_args()
    given.does(given)


if __name__ == "__main__":
    main()
