/** The example of a fleet starts one with one command, serves a request, and leaves no process behind. */
import { afterAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findWeed } from "../../scripts/gate/weed.ts";
import { freePorts } from "../fleet/daemon.ts";
import { hasPostgres, hasS3 } from "../fleet/servers.ts";

// a database, a bucket and three servers start slowly on a busy machine
setDefaultTimeout(300_000);

const root = join(import.meta.dir, "../..");
const folder = mkdtempSync(join(tmpdir(), "easel-example-fleet-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** The program from its sources, as a command. */
function easel(): string {
  const path = join(folder, "easel");
  writeFileSync(path, `#!/bin/sh\nexec "${process.execPath}" "${join(root, "src/main.ts")}" "$@"\n`);
  chmodSync(path, 0o755);
  return path;
}

describe.skipIf(!hasPostgres || !hasS3)("the example of a fleet", () => {
  test("starts with one command, serves a request, and ends with Ctrl-C", async () => {
    chmodSync(folder, 0o755);
    const port = freePorts(24);
    const weed = (await findWeed())!;
    const child = Bun.spawn([join(root, "examples/fleet/start.sh"), join(folder, "fleet")], {
      env: {
        ...process.env,
        HOME: folder,
        EASEL: easel(),
        PORT: String(port),
        PATH: `${join(weed, "..")}:${process.env.PATH}`,
      },
      stdin: "ignore",
      stdout: "pipe",
      stderr: "inherit",
    });
    let text = "";
    for await (const chunk of child.stdout) {
      text += new TextDecoder().decode(chunk);
      if (text.includes("takes requests at")) break;
    }
    expect(text).toMatch(/^worker2 +worker +ready/m);
    const image = {
      data_url: `data:image/jpeg;base64,${readFileSync(join(root, "examples/thumbs/street.jpg")).toString("base64")}`,
    };
    const answer = await fetch(`http://127.0.0.1:${port}/v1/image/depthanything/estimate`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ image }),
    });
    expect([answer.status, (await answer.json()).status]).toEqual([200, "succeeded"]);
    child.kill("SIGINT");
    expect(await child.exited).toBe(0);
    await expect(fetch(`http://127.0.0.1:${port}/health`)).rejects.toThrow();
  });
});
