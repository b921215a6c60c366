import { expect, test } from "bun:test";
import type { CheckContext } from "../../../src/capabilities/capability.ts";
import { depthpro } from "../../../src/capabilities/depthpro/index.ts";
import { chooseVariant } from "../../../src/capabilities/model.ts";

const named = (model: string | null | undefined) => chooseVariant(depthpro, model, {} as CheckContext).name;

test("a model is known by its name and aliases, whatever their case and the blanks around them", () => {
  for (const model of ["base", "  base ", "DEPTH-PRO", "DepthPro", "depthpro"])
    expect(named(model)).toBe("base");
});

test("no name, and an empty one, mean the default", () => {
  for (const model of [undefined, null, "", "  "]) expect(named(model)).toBe("base");
});

test("another name is refused with those that there are", () => {
  expect(() => named("nope")).toThrow("unknown depthpro model 'nope'; available: ['base']");
});
