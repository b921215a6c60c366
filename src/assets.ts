/**
 * Files that the binary carries beside its code.
 *
 * @module
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import standalone from "../node_modules/@scalar/api-reference/dist/browser/standalone.js" with {
  type: "file",
};
import playground from "../playground/index.html" with { type: "file" };
import { buildPage } from "../scripts/build/playground.ts";
import type { Asset } from "./http/answer/asset.ts";
import { type Page, unpackPage } from "./http/pages/playground-page.ts";

let script: Asset | undefined;

/** The script of the reference page. In the binary it is compressed, see `scripts/build/bundle.ts`. */
export function scalarScript(): Asset {
  const bytes = () => new Uint8Array(readFileSync(standalone));
  script ??= {
    type: "text/javascript; charset=utf-8",
    ...(Bun.isStandaloneExecutable ? { zstd: bytes() } : { bytes: bytes() }),
  };
  return script;
}

let page: Promise<Page> | undefined;

/** The playground. In the binary it is there ready-made; otherwise it is made when it is first asked for. */
export function playgroundPage(): Promise<Page> {
  page ??= Bun.isStandaloneExecutable
    ? Promise.resolve(
        unpackPage(new Uint8Array(Bun.zstdDecompressSync(readFileSync(playground as unknown as string)))),
      )
    : buildPage();
  return page;
}

/** The folder of the models that come inside the program; the binary has them among its native parts. */
export const embeddedModels = (nativeFolder: string): string =>
  Bun.isStandaloneExecutable ? nativeFolder : join(import.meta.dir, "../assets/mini");
