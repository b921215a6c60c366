/** Servers that are processes of their own, and can be killed. */
import { afterAll } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const root = join(import.meta.dir, "../..");

/** For one file of tests; they end with it. */
export function processes() {
  const closing: (() => unknown)[] = [];
  afterAll(async () => {
    for (const step of closing.splice(0).reverse()) await step();
  });

  /** An empty data directory. */
  function folder(): string {
    const data = mkdtempSync(join(tmpdir(), "easel-process-"));
    closing.push(() => rmSync(data, { recursive: true, force: true }));
    return data;
  }

  /** Starts a server on a folder and a port. */
  async function started(data: string, port: number) {
    const child = Bun.spawn(
      [process.execPath, join(root, "src/main.ts"), "run", "--port", String(port), "--data-dir", data],
      {
        stdout: "pipe",
        stderr: "ignore",
        env: { ...process.env, HOME: data, HF_HUB_CACHE: data, EASEL_CACHE_DIR: join(data, "cache") },
      },
    );
    closing.push(async () => {
      child.kill("SIGKILL");
      await child.exited;
    });
    let said = "";
    for await (const chunk of child.stdout.pipeThrough(new TextDecoderStream())) {
      said += chunk;
      const url = /http:\/\/[\d.:]+/.exec(said)?.[0];
      if (url)
        return {
          url,
          kill: () => {
            child.kill("SIGKILL");
            return child.exited;
          },
        };
    }
    throw new Error(`the server did not start: ${said}`);
  }

  return { started, folder };
}
