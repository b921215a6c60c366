import { expect, test } from "bun:test";
import { linuxSystem } from "../../../../src/check/doctor/linux.ts";

const files = {
  osRelease: 'NAME="Ubuntu"\nPRETTY_NAME="Ubuntu 24.04.1 LTS"\n',
  cpuinfo: "processor\t: 0\nmodel name\t: AMD Ryzen 9\nflags\t\t: fpu avx2 fma sse4_2\n",
  meminfo: "MemTotal:       32768000 kB\nMemFree: 1 kB\n",
};
const libc = (text: string) => async () => ({ ok: true, text });

test("Linux is named by its distribution, library, processor and memory", async () => {
  const { facts, faults } = await linuxSystem(
    libc("ldd (Ubuntu GLIBC 2.39-0) 2.39\nmore"),
    "6.8.0",
    "x64",
    files,
  );
  expect(facts).toEqual({
    system: "Ubuntu 24.04.1 LTS",
    kernel: "6.8.0 x64",
    "C library": "ldd (Ubuntu GLIBC 2.39-0) 2.39",
    processor: "AMD Ryzen 9",
    "instruction sets": "avx2 fma",
    memory: "31 GB",
  });
  expect(faults).toEqual([]);
});

test("musl and an old glibc are told", async () => {
  const faultsOf = async (text: string) => (await linuxSystem(libc(text), "5", "x64", files)).faults;
  expect(await faultsOf("musl libc (x86_64)\nVersion 1.2.4")).toEqual([expect.stringContaining("musl")]);
  expect(await faultsOf("ldd (GNU libc) 2.31")).toEqual(["easel needs glibc 2.35 or newer; this is 2.31"]);
});

test("a system that says nothing is described by what is left", async () => {
  const none = { osRelease: "", cpuinfo: "", meminfo: "" };
  const { facts, faults } = await linuxSystem(async () => ({ ok: false, text: "" }), "6.1", "arm64", none);
  expect(facts).toMatchObject({ system: null, processor: null, memory: null });
  expect(faults).toEqual([]);
});
