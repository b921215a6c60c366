/**
 * Makes the page with Bun's bundler: one script, one style sheet, and the parts that are loaded on demand.
 *
 * @module
 */
import { basename, join } from "node:path";
import type { Page, PageFile } from "../../src/http/pages/playground-page.ts";

export async function buildPage(entry = join(import.meta.dir, "../../playground/index.html")): Promise<Page> {
  const built = await Bun.build({
    entrypoints: [entry],
    target: "browser",
    format: "esm",
    minify: true,
    splitting: true,
    publicPath: "/playground/",
    naming: { chunk: "[name]-[hash].[ext]", asset: "[name]-[hash].[ext]" },
    throw: false,
  });
  if (!built.success) throw new Error(built.logs.map(String).join("\n"));
  const files = await Promise.all(
    built.outputs.map(async (output): Promise<[string, PageFile]> => {
      // The bundler knows more types of picture than of everything else.
      const type = output.path.endsWith(".svg") ? "image/svg+xml" : output.type;
      const bytes = new Uint8Array(await output.arrayBuffer());
      const name = basename(output.path);
      return [name, { type, bytes: name === "index.html" ? withLinks(bytes) : bytes }];
    }),
  );
  const page = new Map(files);
  page.set("worker.js", await shellWorker(page));
  return new Map([...page].sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** The service worker, which knows the files that the page starts with. */
async function shellWorker(page: Page): Promise<PageFile> {
  const html = page.get("index.html")!;
  const version = new Bun.CryptoHasher("sha256").update(html.bytes).digest("hex");
  const built = await Bun.build({
    entrypoints: [join(import.meta.dir, "../../playground/shell/worker.ts")],
    target: "browser",
    format: "iife",
    minify: true,
    define: { SHELL: JSON.stringify({ version, files: startFiles(page) }) },
    throw: false,
  });
  if (!built.success) throw new Error(built.logs.map(String).join("\n"));
  const bytes = new Uint8Array(await built.outputs[0]!.arrayBuffer());
  return { type: "text/javascript; charset=utf-8", bytes };
}

/** Paths of the style sheet and of the scripts that are loaded before the page is shown. */
function startFiles(page: Page): string[] {
  const found = new Set<string>();
  const follow = (text: string, pattern: RegExp) => {
    for (const [, path] of text.matchAll(pattern)) {
      const file = page.get(basename(path!));
      if (!file || found.has(path!)) continue;
      found.add(path!);
      if (path!.endsWith(".js"))
        follow(new TextDecoder().decode(file.bytes), /(?:from|import)\s*"(\/playground\/[^"]+\.js)"/g);
    }
  };
  follow(new TextDecoder().decode(page.get("index.html")!.bytes), /(?:src|href)="([^"]+\.(?:js|css|svg))"/g);
  return [...found].sort();
}

/**
 * What the server makes, so that the bundler must not look for it: the manifest, asked for with the cookie of the token, and the first
 * lists that the script asks for, which come with it instead of after it.
 */
function withLinks(page: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const links = [
    '<link rel="manifest" href="/playground/manifest.json" crossorigin="use-credentials">',
    ...["/playground/offer.json", "/v1/jobs?limit=60"].map(
      (path) => `<link rel="preload" href="${path}" as="fetch" crossorigin>`,
    ),
  ];
  return new TextEncoder().encode(
    new TextDecoder().decode(page).replace("</title>", `</title>${links.join("")}`),
  );
}
