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
      return [name, { type, bytes: name === "index.html" ? withManifest(bytes) : bytes }];
    }),
  );
  return new Map(files.sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** The server makes the manifest, so the bundler must not look for it. It is asked for with the cookie of the token. */
function withManifest(page: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const link = '<link rel="manifest" href="/playground/manifest.json" crossorigin="use-credentials">';
  return new TextEncoder().encode(new TextDecoder().decode(page).replace("</title>", `</title>${link}`));
}
