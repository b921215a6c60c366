import { afterEach, beforeEach, expect, test } from "bun:test";
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { faults } from "../../../scripts/build/inspect.ts";

const root = join(import.meta.dir, "../../..");

/** A copy of what the build reads, so that it can be spoiled. */
let copy: string;
beforeEach(() => {
  copy = mkdtempSync(join(tmpdir(), "easel-build-"));
  for (const name of [
    "scripts",
    "kernels",
    "mlx-shim",
    "ffi",
    "src",
    "playground",
    "build.ts",
    "package.json",
  ])
    cpSync(join(root, name), join(copy, name), { recursive: true });
});
afterEach(() => rmSync(copy, { recursive: true, force: true }));

function run(args: string[], env: Record<string, string> = {}) {
  const { exitCode, stderr } = Bun.spawnSync([process.execPath, ...args], {
    cwd: copy,
    env: { PATH: process.env.PATH!, HOME: process.env.HOME ?? "", ...env },
  });
  return { code: exitCode, err: stderr.toString() };
}

/** A folder for PATH with one program in it that says something and fails. */
function failing(program: string, text: string): string {
  const folder = join(copy, "path");
  mkdirSync(folder);
  writeFileSync(join(folder, program), `#!/bin/sh\necho "${text}" >&2\nexit 1\n`);
  chmodSync(join(folder, program), 0o755);
  return folder;
}

const nothingHalfDone = () => {
  for (const folder of ["dist", ".cache/wheels"])
    if (existsSync(join(copy, folder))) expect(readdirSync(join(copy, folder))).toEqual([]);
};

test("an unknown target is refused with the known ones", () => {
  symlinkSync(join(root, "node_modules"), join(copy, "node_modules"));
  expect(run(["build.ts", "--target", "amiga"])).toEqual({
    code: 1,
    err: 'build: unknown target "amiga"; known: linux-x64, linux-arm64, darwin-arm64\n',
  });
});

test("the newer kernels of Metal are refused to another machine than a Mac", () => {
  symlinkSync(join(root, "node_modules"), join(copy, "node_modules"));
  const { code, err } = run(["build.ts", "--target", "linux-arm64", "--newer-metal"]);
  expect(code).toBe(1);
  expect(err).toBe("build: --newer-metal is for darwin-arm64\n");
  nothingHalfDone();
});

test("without packages the build says how to install them", () => {
  const { code, err } = run(["build.ts"]);
  expect(code).toBe(1);
  expect(err).toContain("bun install --frozen-lockfile");
});

test("without python3, and without pip, the build says what to install", () => {
  for (const PATH of [join(copy, "nowhere"), failing("python3", "/usr/bin/python3: No module named pip")]) {
    const { code, err } = run(["scripts/build/native.ts"], { PATH });
    expect(code).toBe(1);
    expect(err).toContain("`apt install python3 python3-pip`");
    nothingHalfDone();
  }
});

test("a wheel with another hash is refused", () => {
  const wheels = join(copy, "wheels");
  mkdirSync(wheels);
  const machine = process.arch === "arm64" ? "aarch64" : "x86_64";
  writeFileSync(join(wheels, `mlx_cpu-0.32.4-py3-none-manylinux_2_28_${machine}.whl`), "not the wheel");
  const { code, err } = run(["scripts/build/native.ts"], { PIP_NO_INDEX: "1", PIP_FIND_LINKS: wheels });
  expect(code).toBe(1);
  expect(err).toContain("DO NOT MATCH THE HASHES");
  nothingHalfDone();
});

test("without a C++ compiler the build says what to install, and keeps nothing", () => {
  symlinkSync(join(root, ".cache"), join(copy, ".cache"));
  const { code, err } = run(["scripts/build/native.ts"], { CXX: "no-such-compiler" });
  expect(code).toBe(1);
  expect(err).toContain("`apt install g++`");
  expect(existsSync(join(copy, "dist/native"))).toBe(false);
});

/** The smallest ELF library with these entries: NEEDED (1) and RUNPATH (29). */
function elf(needed: string[], searched: string): Uint8Array {
  const strings = Buffer.from(["", ...needed, searched, ""].join("\0"));
  const offset = (text: string) => strings.indexOf(`\0${text}\0`) + 1;
  const entries = [
    ...needed.map((name) => [1, offset(name)]),
    [29, offset(searched)],
    [5, 0x1000 + 64 + 2 * 56],
    [0, 0],
  ];
  const dynamic = 64 + 2 * 56 + strings.length;
  const bytes = Buffer.alloc(dynamic + entries.length * 16);
  bytes.write("\x7fELF\x02\x01", "latin1");
  bytes.writeBigUInt64LE(64n, 32);
  bytes.writeUInt16LE(56, 54);
  bytes.writeUInt16LE(2, 56);
  const segment = (at: number, type: number, from: number, address: number, size: number) => {
    bytes.writeUInt32LE(type, at);
    bytes.writeBigUInt64LE(BigInt(from), at + 8);
    bytes.writeBigUInt64LE(BigInt(address), at + 16);
    bytes.writeBigUInt64LE(BigInt(size), at + 32);
  };
  segment(64, 1, 0, 0x1000, bytes.length);
  segment(120, 2, dynamic, 0x1000 + dynamic, entries.length * 16);
  strings.copy(bytes, 64 + 2 * 56);
  for (const [i, [tag, value]] of entries.entries()) {
    bytes.writeBigUInt64LE(BigInt(tag!), dynamic + i * 16);
    bytes.writeBigUInt64LE(BigInt(value!), dynamic + i * 16 + 8);
  }
  return bytes;
}

test("a library that needs another one, or searches a folder of this machine, is found out", () => {
  expect(
    faults({
      "liba.so": elf(["libb.so", "libc.so.6"], "$ORIGIN"),
      "libb.so": elf(["libmissing.so.3"], "/home/builder/lib"),
    }),
  ).toEqual([
    "libb.so needs libmissing.so.3, which is neither packed nor part of the system",
    "libb.so searches /home/builder/lib, which is not beside it",
  ]);
});
