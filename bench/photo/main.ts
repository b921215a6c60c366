/**
 * How long a person waits for the depth map of a photograph: the page in Chromium, before a server of its own.
 *
 *     bun run bench photo/main [--program dist/easel] [--picture FILE] [--rounds 5]
 *
 * Chromium draws in software, as on any machine without a graphics card. On Linux the processor time of both is counted, too.
 *
 * @module
 */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { chromium, type Page } from "playwright-core";
import { spread } from "../statistics.ts";
import { photograph } from "./picture.ts";

const { values } = parseArgs({
  options: {
    program: { type: "string" },
    picture: { type: "string" },
    rounds: { type: "string", default: "5" },
  },
});
const picture = values.picture ?? (await photograph(4032, 3024));
const main = [process.execPath, join(import.meta.dir, "../../src/main.ts")];
const folder = mkdtempSync(join(tmpdir(), "easel-bench-page-"));
const port = 20_000 + Math.floor(Math.random() * 20_000);
const server = Bun.spawn(
  [...(values.program ? [values.program] : main), "run", "--port", `${port}`, "--data-dir", folder],
  { stdout: "ignore", stderr: "ignore", env: { ...process.env, EASEL_MODEL_PATHS: "{}" } },
);
const url = `http://127.0.0.1:${port}`;

/** Milliseconds since the press of the button, by what happened then. */
type Times = Record<string, number>;

/** Presses the button, and watches what the page shows. Runs inside of the page. */
function press(): Promise<Times> {
  performance.clearResourceTimings();
  const times: Times = {};
  const began = performance.now();
  const painted = (name: string) =>
    requestAnimationFrame(() =>
      setTimeout(() => {
        times[name] ??= performance.now() - began;
      }),
    );
  return new Promise((resolve) => {
    const look = () => {
      const preview = document.querySelector<HTMLImageElement>('img[alt="Preview"]');
      if (preview?.complete) painted("preview shown");
      const canvas = document.querySelector<HTMLCanvasElement>('canvas[aria-label="Depth map"]');
      if (canvas) {
        painted("map shown");
        if (times["map shown"] !== undefined) {
          for (const entry of performance.getEntriesByType("resource") as PerformanceResourceTiming[]) {
            const path = new URL(entry.name).pathname;
            const name = path.endsWith("/v1/files")
              ? "upload"
              : path.endsWith("/estimate")
                ? "request"
                : /\/download$/.test(path)
                  ? "download"
                  : undefined;
            if (name) times[`${name} ended`] = entry.responseEnd - began;
          }
          return resolve(times);
        }
      }
      requestAnimationFrame(look);
    };
    [...document.querySelectorAll("button")]
      .find(({ textContent }) => textContent?.includes("Estimate depth"))!
      .click();
    look();
  });
}

/** Milliseconds of a processor that this process's children have used so far: the server, and the browser with its own children. */
function processorTime(): { server: number; browser: number } {
  const used = { server: 0, browser: 0 };
  if (!existsSync("/proc/self/stat")) return used;
  const parents = new Map<number, number>();
  const times = new Map<number, number>();
  for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
    try {
      const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
      const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
      parents.set(Number(pid), Number(fields[1]));
      times.set(Number(pid), (Number(fields[11]) + Number(fields[12])) * 10);
    } catch {
      // It has ended.
    }
  }
  const isOurs = (pid: number | undefined): boolean =>
    pid !== undefined && pid > 1 && (pid === process.pid || isOurs(parents.get(pid)));
  for (const [pid, ms] of times) {
    if (pid === server.pid) used.server += ms;
    else if (pid !== process.pid && isOurs(pid)) used.browser += ms;
  }
  return used;
}

async function round(page: Page): Promise<Times> {
  await page.goto(`${url}/#/depth`);
  await page.waitForSelector("html[data-ready]");
  const data = await page.evaluateHandle((bytes) => {
    const transfer = new DataTransfer();
    transfer.items.add(
      new File([Uint8Array.fromBase64(bytes)], `photo-${Date.now()}.jpg`, { type: "image/jpeg" }),
    );
    return transfer;
  }, readFileSync(picture).toString("base64"));
  const before = performance.now();
  await page.dispatchEvent("body", "drop", { dataTransfer: data });
  await page.locator("#current .name", { hasText: "photo-" }).waitFor();
  const chosen = performance.now() - before;
  const start = processorTime();
  const times = await page.evaluate(press);
  const end = processorTime();
  return {
    "file read by the page": chosen,
    ...times,
    "(processor time of the server)": end.server - start.server,
    "(processor time of the browser)": end.browser - start.browser,
  };
}

const browser = await chromium.launch({
  executablePath: process.env.EASEL_TEST_BROWSER ?? Bun.which("chromium")!,
  args: ["--no-sandbox", "--disable-gpu"],
});
try {
  for (let tries = 0; !(await fetch(`${url}/ready`).catch(() => undefined))?.ok; tries++) {
    if (tries > 300) throw new Error("the server does not start");
    await Bun.sleep(200);
  }
  const lists = new Map<string, number[]>();
  for (let i = 0; i <= Number(values.rounds); i++) {
    const page = await browser.newPage({ viewport: { width: 1400, height: 900 } });
    const times = await round(page);
    // The first round loads the model.
    if (i > 0)
      for (const [name, ms] of Object.entries(times)) lists.set(name, [...(lists.get(name) ?? []), ms]);
    await page.close();
  }
  const { data } = (await (await fetch(`${url}/v1/jobs?limit=${values.rounds}`)).json()) as {
    data: {
      created_at: number;
      started_at: number;
      finished_at: number;
      result: { timings: { total_s: number } };
    }[];
  };
  lists.set(
    "(the job)",
    data.map((job) => (job.finished_at - job.created_at) * 1000),
  );
  lists.set(
    "(its network and map)",
    data.map((job) => job.result.timings.total_s * 1000),
  );
  console.log("| since the press | ms |\n|---|---|");
  for (const [name, list] of lists) console.log(`| ${name} | ${spread(list, 0)} |`);
} finally {
  await browser.close();
  server.kill();
  await server.exited;
  rmSync(folder, { recursive: true, force: true });
}
