/**
 * A machine of a fleet in a process of its own, whose clock is off: `bun serving-node.ts SETTINGS SECONDS`. It prints its address.
 */
import { rampEngine } from "../src/ramp-engine.ts";

const [written, seconds] = process.argv.slice(2) as [string, string];
const real = Date.now;
const now = () => real() + Number(seconds) * 1000;
const Real = Date;
globalThis.Date = new Proxy(Real, {
  construct: (_, args) => (args.length === 0 ? new Real(now()) : Reflect.construct(Real, args)),
  get: (_, name) => (name === "now" ? now : Reflect.get(Real, name)),
});

// what is loaded from here on has that clock
const { serve } = await import("../../src/serve.ts");
const { defaultSettings } = await import("../../src/settings/load.ts");
const settings = defaultSettings(JSON.parse(written));
const serving = await serve(settings, {
  engine: rampEngine(),
  folder: Promise.resolve(settings.data_dir),
  device: () => ({ kind: "cpu", name: "a processor", self_test: "not_needed" }) as never,
});
console.log(serving.url.href);
