import { expect, test } from "bun:test";
import { variants } from "../../../../src/capabilities/qwen/variants.ts";
import { loadModulator, loadTransformer } from "../../../../src/models/qwen-image/load.ts";
import { linearNames } from "../../../../src/models/qwen-image/names.ts";
import { openForTests } from "../../../ffi/open.ts";
import { model } from "../../models/qwen-image/fixtures.ts";

test("names and aliases are told apart", () => {
  const names = variants.flatMap(({ name, aliases }) => [name, ...aliases]);
  expect(new Set(names).size).toBe(names.length);
});

test("the names that an adapter may change are those of the network", () => {
  openForTests();
  using transformer = loadTransformer([model]);
  using modulator = loadModulator([model]);
  const names = [...transformer.linears.keys(), ...modulator.linears.keys()];
  expect(linearNames(transformer.config.num_layers).sort()).toEqual(names.sort());
});
