/** The page in a real browser, before a real server with tiny models. */
import { afterAll, test } from "bun:test";
import { cpSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Browser, chromium, type Page } from "playwright-core";
import { library } from "../../ffi/native.ts";
import { connect } from "../../src/engine/client.ts";
import type { Engine } from "../../src/engine/engine.ts";
import { Cancelled } from "../../src/engine/task.ts";
import { serve } from "../../src/serve.ts";
import { defaultSettings } from "../../src/settings/load.ts";
import type { Settings } from "../../src/settings/settings.ts";
import { available } from "../available.ts";

const fixtures = join(import.meta.dir, "../fixtures");
export const picture = join(import.meta.dir, "../../examples/street.jpg");
/** For what takes long without a GPU. */
export const small = join(fixtures, "seedvr2/input-100x75.png");

const executablePath =
  process.env.EASEL_TEST_BROWSER ?? Bun.which("chromium") ?? Bun.which("google-chrome") ?? undefined;
export const hasBrowser = available(
  executablePath !== undefined,
  "The tests of the pages in a browser",
  "Install Chromium (apt install chromium), or name it in EASEL_TEST_BROWSER",
);

/** Generous: the machine may be busy with everything else. */
export const patience = 120_000;

/** A test that needs the browser. */
export const inBrowser = (name: string, run: () => Promise<void>) =>
  test.skipIf(!hasBrowser)(name, run, patience);

const launch = () =>
  chromium.launch({
    executablePath: executablePath!,
    timeout: patience,
    // Tests may run as root, and three.js needs WebGL where there is no GPU, and the camera shows a moving pattern.
    args: [
      "--no-sandbox",
      "--use-angle=swiftshader",
      "--enable-unsafe-swiftshader",
      "--ignore-gpu-blocklist",
      "--use-fake-device-for-media-stream",
      "--use-fake-ui-for-media-stream",
    ],
  });

export interface Visit {
  page: Page;
  /** Addresses that the page asked for. */
  asked: string[];
  /** What the browser complained about: errors of scripts, and what the policy forbade. */
  complaints: string[];
}

/** Until the page has everything that it needs. */
export const ready = (page: Page) => page.waitForSelector("html[data-ready]");

/** Gives the page a picture as somebody does who drops a file on it. */
export async function drop(page: Page, path: string, name: string, type: string): Promise<void> {
  const data = await page.evaluateHandle(
    ({ bytes, name, type }) => {
      const transfer = new DataTransfer();
      const file = new File([Uint8Array.from(atob(bytes), (char) => char.charCodeAt(0))], name, { type });
      transfer.items.add(file);
      return transfer;
    },
    { bytes: readFileSync(path).toString("base64"), name, type },
  );
  for (const event of ["dragenter", "dragover", "drop"])
    await page.dispatchEvent("#stage", event, { dataTransfer: data });
}

/** Holds every run back while it is closed. */
export interface Gate {
  /** Every run, or those of one phase. */
  close(phase?: string): void;
  open(): void;
}

export interface Site {
  url: string;
  gate: Gate;
  get<T>(path: string): Promise<T>;
}

function gated(real: Engine): { engine: Engine; gate: Gate } {
  let passage = Promise.resolve();
  let held: string | undefined;
  let letThrough = () => {};
  const engine: Engine = {
    ...real,
    async run(...request) {
      if (held !== undefined && held !== request[1]) return real.run(...request);
      const signal = request[4]?.signal;
      await Promise.race([
        passage,
        new Promise((_, reject) => signal?.addEventListener("abort", () => reject(new Cancelled()))),
      ]);
      return real.run(...request);
    },
  };
  return {
    engine,
    gate: {
      close(phase) {
        held = phase;
        const { promise, resolve } = Promise.withResolvers<void>();
        passage = promise;
        letThrough = resolve;
      },
      open: () => letThrough(),
    },
  };
}

/** Browser and servers for one file of tests; they end with it. */
export function playground() {
  let browser: Promise<Browser> | undefined;
  const closing: (() => unknown)[] = [];
  afterAll(async () => {
    await (await browser)?.close();
    for (const step of closing.splice(0).reverse()) await step();
  }, patience);

  /** A new visitor at the page. */
  async function visit(
    url: string,
    options: {
      colorScheme?: "light" | "dark";
      width?: number;
      /** Fingers instead of a mouse. */
      touch?: boolean;
      forcedColors?: "active";
    } = {},
  ): Promise<Visit> {
    browser ??= launch();
    const context = await (await browser).newContext({
      viewport: { width: options.width ?? 1280, height: 860 },
      colorScheme: options.colorScheme ?? "light",
      reducedMotion: "reduce",
      ...(options.touch && { hasTouch: true, isMobile: true }),
      ...(options.forcedColors && { forcedColors: options.forcedColors }),
    });
    closing.push(() => context.close().catch(() => {}));
    const page = await context.newPage();
    page.setDefaultTimeout(patience / 2);
    const asked: string[] = [];
    const complaints: string[] = [];
    page.on("request", (request) => asked.push(request.url()));
    page.on("pageerror", (error) => complaints.push(error.message));
    page.on("console", (message) => {
      if (message.type() === "error") complaints.push(message.text());
    });
    await page.goto(url);
    return { page, asked, complaints };
  }

  /** A server with the model that comes inside the program, a tiny upscaler and a tiny painter. */
  async function site(settings: Partial<Settings> = {}): Promise<Site> {
    const folder = mkdtempSync(join(tmpdir(), "easel-playground-"));
    closing.push(() => rmSync(folder, { recursive: true, force: true }));
    const upscaler = join(folder, "upscaler");
    cpSync(join(fixtures, "seedvr2/3b"), upscaler, { recursive: true });
    for (const file of ["ema_vae_fp16.safetensors", "pos_emb.pt"])
      cpSync(join(fixtures, "seedvr2", file), join(upscaler, file));
    // What the machine has downloaded is not to change what the page shows.
    process.env.HF_HUB_CACHE = folder;

    const worker = new Worker(new URL("../../src/worker.ts", import.meta.url));
    const real = connect(worker, (error) => {
      throw error;
    });
    await real.open(join(import.meta.dir, "../../dist/native", library));
    const { engine, gate } = gated(real);
    const serving = await serve(
      defaultSettings({
        host: "127.0.0.1",
        port: 0,
        data_dir: folder,
        files_root: join(folder, "files"),
        cache_dir: join(folder, "cache"),
        log_level: "error",
        model_paths: {
          "seedvr2/3b": upscaler,
          "qwen/image": join(fixtures, "qwen/image"),
          "qwen/edit-2509": join(fixtures, "qwen/image"),
        },
        qwen_default_width: 64,
        qwen_default_height: 48,
        qwen_reference_pixels: 128 * 128,
        seedvr2_default_quantize: null,
        ...settings,
      }),
      { engine, folder: Promise.resolve(folder) },
    );
    closing.push(async () => {
      gate.open();
      await serving.stop();
      worker.terminate();
    });
    const headers: Record<string, string> = settings.auth_token
      ? { authorization: `Bearer ${settings.auth_token}` }
      : {};
    return {
      url: serving.url.origin,
      gate,
      get: async (path) => (await fetch(new URL(path, serving.url), { headers })).json(),
    };
  }

  return { visit, site };
}
