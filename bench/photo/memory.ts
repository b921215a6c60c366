/**
 * Memory of the server while it estimates the depth of a large photograph: `bun run bench photo/memory [PICTURE] [PROGRAM]`. Linux.
 *
 * @module
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { photograph } from "./picture.ts";

const [picture = await photograph(8064, 6048), program] = process.argv.slice(2);
const main = [process.execPath, join(import.meta.dir, "../../src/main.ts")];
const folder = mkdtempSync(join(tmpdir(), "easel-bench-memory-"));
const port = 20_000 + Math.floor(Math.random() * 20_000);
const server = Bun.spawn(
  [...(program ? [program] : main), "run", "--port", `${port}`, "--data-dir", folder],
  { stdout: "ignore", stderr: "ignore" },
);
const url = `http://127.0.0.1:${port}`;

/** Resident megabytes of the server, and of the processes that it started. */
function resident(): { server: number; children: number } {
  const sums = { server: 0, children: 0 };
  for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
    try {
      const status = readFileSync(`/proc/${pid}/status`, "utf8");
      const value = (name: string) => Number(new RegExp(`^${name}:\\s*(\\d+)`, "m").exec(status)?.[1] ?? 0);
      if (Number(pid) === server.pid) sums.server += value("VmRSS") / 1000;
      else if (value("PPid") === server.pid) sums.children += value("VmRSS") / 1000;
    } catch {
      // It has ended.
    }
  }
  return sums;
}

async function estimate(path: string, more: object): Promise<void> {
  const form = new FormData();
  form.set("file", new File([readFileSync(path)], basename(path)));
  const { file_id } = (await (await fetch(`${url}/v1/files`, { method: "POST", body: form })).json()) as {
    file_id: string;
  };
  const answer = await fetch(`${url}/v1/image/depthanything/estimate`, {
    method: "POST",
    headers: { "content-type": "application/json", accept: "application/json" },
    body: JSON.stringify({ image: { file_id }, model: "mini", ...more }),
  });
  if (!answer.ok) throw new Error(await answer.text());
}

try {
  for (let tries = 0; !(await fetch(`${url}/ready`).catch(() => undefined))?.ok; tries++) {
    if (tries > 300) throw new Error("the server does not start");
    await Bun.sleep(200);
  }
  await estimate(join(import.meta.dir, "../../examples/street.jpg"), {});
  await Bun.sleep(2000);
  const idle = resident().server;
  console.log(`idle, with the model: ${idle.toFixed(0)} MB\n`);
  console.log("| request | server above idle, MB | decoder's process, MB |\n|---|---|---|");
  for (const include_depth_data of [false, true]) {
    const most = { server: 0, children: 0 };
    const timer = setInterval(() => {
      const now = resident();
      most.server = Math.max(most.server, now.server);
      most.children = Math.max(most.children, now.children);
    }, 10);
    await estimate(picture, { include_depth_data });
    clearInterval(timer);
    const kind = include_depth_data ? "PNG and NPZ" : "PNG";
    console.log(
      `| ${basename(picture)}: ${kind} | ${(most.server - idle).toFixed(0)} | ${most.children.toFixed(0)} |`,
    );
  }
} finally {
  server.kill();
  await server.exited;
  rmSync(folder, { recursive: true, force: true });
}
