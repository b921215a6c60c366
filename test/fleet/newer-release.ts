/**
 * Makes the program that is loaded after it the next release, whose tables have a step more: `bun --preload newer-release.ts src/main.ts`.
 */
import { plugin } from "bun";

export const newerVersion = "9.0.0";

async function changed(path: string, pattern: RegExp, by: string) {
  const before = await Bun.file(path).text();
  const contents = before.replace(pattern, by);
  if (contents === before) throw new Error(`${path} has no ${pattern}`);
  return { contents, loader: "ts" as const };
}

plugin({
  name: "newer release",
  setup(build) {
    build.onLoad({ filter: /src\/fleet\/schema\.ts$/ }, ({ path }) =>
      changed(
        path,
        /(export const steps: readonly string\[\] = \[.*?)\];/s,
        '$1, "ALTER TABLE jobs ADD COLUMN newer text"];',
      ),
    );
    build.onLoad({ filter: /src\/version\.ts$/ }, ({ path }) =>
      changed(path, /export const version[^;]*;/, `export const version: string = "${newerVersion}";`),
    );
  },
});
