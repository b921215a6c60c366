import { expect, test } from "bun:test";
import { join } from "node:path";
import { nativePlaces } from "../../../src/cli/engine.ts";
import { loadSettings } from "../../../src/settings/load.ts";

const loaded = (env: Record<string, string> = {}) =>
  loadSettings({ env: { HOME: "/home/somebody", ...env } });

test("a service of a Mac keeps its libraries out of the folder that macOS empties", () => {
  const { settings } = loaded();
  const kept = { usual: join(settings.data_dir, "native"), chosen: undefined };
  expect(nativePlaces(loaded(), { XPC_SERVICE_NAME: "dev.easel.server" }, "darwin")).toEqual(kept);
  expect(nativePlaces(loaded(), { XPC_SERVICE_NAME: "homebrew.mxcl.easel" }, "darwin")).toEqual(kept);
  const own = { XPC_SERVICE_NAME: "org.example", EASEL_SERVICE_LABEL: "org.example" };
  expect(nativePlaces(loaded(), own, "darwin")).toEqual(kept);
});

test("a terminal of a Mac, and Linux, use the cache directory; a chosen one is used by all", () => {
  const usual = { usual: loaded().settings.cache_dir, chosen: undefined };
  for (const name of ["0", "application.com.apple.Terminal.1234"])
    expect(nativePlaces(loaded(), { XPC_SERVICE_NAME: name }, "darwin")).toEqual(usual);
  expect(nativePlaces(loaded(), {}, "darwin")).toEqual(usual);
  expect(nativePlaces(loaded(), { XPC_SERVICE_NAME: "dev.easel.server" }, "linux")).toEqual(usual);
  expect(
    nativePlaces(loaded({ EASEL_CACHE_DIR: "/cache" }), { XPC_SERVICE_NAME: "dev.easel.server" }, "darwin"),
  ).toEqual({ usual: "/cache", chosen: "/cache" });
});
