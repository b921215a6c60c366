import { expect, test } from "bun:test";
import type { CheckContext } from "../../../src/capabilities/capability.ts";
import { depthpro } from "../../../src/capabilities/depthpro/index.ts";
import { chooseVariant, requireActivated } from "../../../src/capabilities/model.ts";
import { defaultSettings } from "../../../src/settings/load.ts";

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

test("a model that is missing says how it comes, or which setting names a place where nothing is", () => {
  const refused = (model_paths: Record<string, string>) => () =>
    requireActivated("depthpro", depthpro.variants[0]!, {
      settings: defaultSettings({ model_paths }),
      activation: () => ({ missing: ["x"] }),
    } as unknown as CheckContext);
  expect(refused({})).toThrow("Run: easel activate --model depthpro/base --accept-license");
  expect(refused({ "depthpro/base": "/private/place" })).toThrow(
    'Nothing is at the place that the setting model_paths gives for "depthpro/base"',
  );
  expect(refused({ "depthpro/base": "/private/place" })).not.toThrow("/private/place");
});
