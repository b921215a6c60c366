/**
 * Workers in processes of their own.
 *
 * @module
 */
import { join } from "node:path";
import { url } from "./database.ts";

/** Starts workers that begin together, and gives what each says when it is done. They keep their connections until they are disposed of. */
export async function workers<T>(count: number, mode: string, { seconds = 0, window = 60 } = {}) {
  const start = String(Date.now() + 1500 + 300 * count);
  const children = Array.from({ length: count }, () =>
    Bun.spawn(
      [
        process.execPath,
        join(import.meta.dir, "worker.ts"),
        url,
        mode,
        start,
        String(seconds),
        String(window),
      ],
      { stdout: "pipe", stderr: "inherit" },
    ),
  );
  return {
    results: await Promise.all(children.map(async ({ stdout }) => JSON.parse(await firstLine(stdout)) as T)),
    async [Symbol.asyncDispose]() {
      for (const child of children) child.kill();
      await Promise.all(children.map((child) => child.exited));
    },
  };
}

/** A machine of a fleet, whose jobs take so many seconds, or run until they are canceled. */
export async function machine(lease: number, ...seconds: number[]) {
  const args = [url, ...[lease, ...seconds].map(String)];
  const child = Bun.spawn([process.execPath, join(import.meta.dir, "machine.ts"), ...args], {
    stdout: "pipe",
    stderr: "inherit",
  });
  return { child, id: await firstLine(child.stdout) };
}

async function firstLine(stream: ReadableStream<Uint8Array>): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const chunk of stream) {
    text += decoder.decode(chunk, { stream: true });
    if (text.includes("\n")) break;
  }
  return text.split("\n", 1)[0]!;
}
