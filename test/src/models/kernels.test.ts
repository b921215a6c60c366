import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import { sets } from "../../mlx-shim/sets.ts";

setDefaultTimeout(300_000);

const here = import.meta.dir;
const fidelity = ["depth.test.ts", "mini.test.ts", "seedvr2.test.ts", "qwen-image/networks.test.ts"];

function run(command: string[], env: Record<string, string>): { code: number; text: string } {
  const child = Bun.spawnSync([process.execPath, ...command], { env: { ...process.env, ...env } });
  return { code: child.exitCode, text: `${child.stdout}${child.stderr}` };
}

// The best set is what every other run of these tests has. On a Mac there are no kernels to choose.
describe.if(sets.length > 0)("every network", () => {
  test.each(["off", ...sets.slice(0, -1)])("agrees with its reference with the kernels set to %s", (set) => {
    const files = fidelity.map((name) => join(here, name));
    const names = "agrees with the reference|computes what PyTorch does|bit weights near";
    const { code, text } = run(["test", "--timeout=120000", "-t", names, ...files], {
      EASEL_CPU_KERNELS: set,
    });
    if (code !== 0) throw new Error(text.slice(-4000));
    expect(Number(/(\d+) pass/.exec(text)?.[1])).toBeGreaterThan(20);
  });

  test("gives the same numbers to the last bit with one thread and with two", () => {
    const from = (path: string) => JSON.stringify(join(here, path));
    const program = `
      const { openForTests } = await import(${from("../../ffi/open.ts")});
      const { DepthAnything } = await import(${from("../../../src/models/depth-anything/depth-anything.ts")});
      const { DepthPro } = await import(${from("../../../src/models/depth-pro/depth-pro.ts")});
      const { fixture } = await import(${from("fixtures.ts")});
      const { depthAnythings, depthPros } = await import(${from("measure.ts")});
      openForTests();
      const [width, height] = [98, 70];
      const data = Uint8Array.from({ length: width * height * 3 }, (_, i) => (i * 89 + ((i * i) % 97)) % 256);
      const hash = (values) => Bun.hash(new Uint8Array(values.buffer, values.byteOffset, values.byteLength)).toString(36);
      const picture = { data: Float32Array.from(data, (value) => value / 255), width, height, channels: 3 };
      for (const [name, path] of depthAnythings)
        console.log(name, hash(DepthAnything.load([fixture(path)]).predict(picture).depth));
      for (const [name, path] of depthPros)
        console.log(name, hash(DepthPro.load([fixture(path)]).predict({ ...picture, data }).canonical));`;
    const [one, two] = ["1", "2"].map((count) => run(["-e", program], { EASEL_CPU_THREADS: count }));
    if (one!.code !== 0) throw new Error(one!.text.slice(-4000));
    expect(one!.text.trim().split("\n").length).toBeGreaterThan(3);
    expect(two!.text).toBe(one!.text);
  });
});
