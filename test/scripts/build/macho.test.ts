import { describe, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { faults } from "../../../scripts/build/inspect.ts";
import { machFaults, readMachO } from "../../../scripts/build/macho.ts";

const page = 0x4000;

interface Made {
  minimum?: number;
  /** Names, each with the number of the library it is taken from, or "export". */
  symbols?: [string, number | "export"][];
  dylibs?: string[];
  /** Bytes of the first page, behind the load commands. */
  content?: string;
}

/** The smallest signed library of arm64: one segment of content, one of names, a signature with a hash for each page. */
function dylib({ minimum = 14, symbols = [], dylibs = [], content = "" }: Made = {}): Buffer {
  const command = (kind: number, ...fields: (number | bigint)[]) => {
    const bytes = Buffer.concat(
      fields.map((field) => {
        const part = Buffer.alloc(typeof field === "bigint" ? 8 : 4);
        if (typeof field === "bigint") part.writeBigUInt64LE(field);
        else part.writeUInt32LE(field);
        return part;
      }),
    );
    const head = Buffer.alloc(8);
    head.writeUInt32LE(kind);
    head.writeUInt32LE(8 + bytes.length, 4);
    return Buffer.concat([head, bytes]);
  };
  const named = (name: string) => Buffer.from(name.padEnd(16, "\0"));
  const segment = (name: string, address: number, offset: number, size: number) => {
    const numbers = [address, size, offset, size].map(BigInt);
    const bytes = command(0x19, 0n, 0n, ...numbers, 0, 0, 0, 0);
    named(name).copy(bytes, 8);
    return bytes;
  };
  const load = (path: string) => {
    const text = Buffer.from(`${path}\0`.padEnd(Math.ceil((path.length + 1) / 8) * 8, "\0"));
    const bytes = Buffer.concat([command(0xc, 24, 0, 0, 0), text]);
    bytes.writeUInt32LE(bytes.length, 4);
    return bytes;
  };

  const strings = Buffer.from(`\0${symbols.map(([name]) => `${name}\0`).join("")}`);
  const entries = symbols.map(([name, from]) => {
    const entry = Buffer.alloc(16);
    entry.writeUInt32LE(strings.indexOf(`\0${name}\0`) + 1);
    entry[4] = from === "export" ? 0x0f : 0x01;
    entry.writeUInt16LE(from === "export" ? 0 : from << 8, 6);
    return entry;
  });
  const names = Buffer.concat([...entries, strings]);
  const signed = page + Math.ceil(names.length / 16) * 16;
  const pages = Math.ceil(signed / 4096);
  const signature = 12 + 8 + 88 + 32 * pages;
  const size = signed + signature;

  const commands = [
    segment("__TEXT", 0, 0, page),
    segment("__LINKEDIT", page, page, size - page),
    command(0x32, 1, minimum << 16, minimum << 16, 0),
    command(2, page, symbols.length, page + 16 * symbols.length, strings.length),
    command(0x1d, signed, signature),
    ...dylibs.map(load),
  ];
  const file = Buffer.alloc(size);
  const header = [0xfeedfacf, 0x100000c, 0, 6, commands.length, Buffer.concat(commands).length];
  for (const [i, value] of header.entries()) file.writeUInt32LE(value, 4 * i);
  Buffer.concat(commands).copy(file, 32);
  file.write(content, page - 2 - content.length, "latin1");
  names.copy(file, page);

  const u32 = (at: number, value: number) => file.writeUInt32BE(value, signed + at);
  for (const [at, value] of [
    ...[
      [0, 0xfade0cc0],
      [4, signature],
      [8, 1],
      [12, 0],
      [16, 20],
    ],
    ...[
      [20, 0xfade0c02],
      [24, signature - 20],
      [28, 0x20400],
      [36, 88],
      [48, pages],
      [52, signed],
    ],
  ] as const)
    u32(at, value);
  file[signed + 20 + 36] = 32;
  file[signed + 20 + 37] = 2;
  file[signed + 20 + 39] = 12;
  for (let i = 0; i < pages; i++)
    createHash("sha256")
      .update(file.subarray(i * 4096, Math.min((i + 1) * 4096, signed)))
      .digest()
      .copy(file, signed + 20 + 88 + 32 * i);
  return file;
}

test("readMachO() tells what a library loads, for which macOS, and which names it takes and gives", () => {
  const file = readMachO(
    dylib({
      dylibs: ["/usr/lib/libc++.1.dylib"],
      symbols: [
        ["_a", 1],
        ["_b", "export"],
      ],
    }),
  );
  expect(file).toMatchObject({ type: "dylib", minimum: "14.0", dylibs: ["/usr/lib/libc++.1.dylib"] });
  expect(file.symbols).toEqual([
    { name: "_a", kind: "import", weak: false, from: "/usr/lib/libc++.1.dylib" },
    { name: "_b", kind: "export", weak: false, from: undefined },
  ]);
});

describe("machFaults()", () => {
  test("finds nothing in a library that is right", () => {
    expect(machFaults(dylib())).toEqual([]);
  });

  test("finds one changed byte, whichever page it is in", () => {
    for (const at of [2000, page - 1, page + 3]) {
      const bytes = dylib({ symbols: [["_name_that_fills_the_table", "export"]] });
      bytes[at]! ^= 1;
      const number = Math.floor(at / 4096);
      expect(machFaults(bytes)).toEqual([`1 of 5 pages have another hash, first ${number}`]);
    }
  });

  test("finds bytes behind the signature, and a missing one", () => {
    expect(machFaults(Buffer.concat([dylib(), Buffer.alloc(16)]))).toEqual([
      "its signature does not end the file",
    ]);
    const bytes = dylib();
    bytes.writeUInt32LE(0x2e, bytes.indexOf(Buffer.from([0x1d, 0, 0, 0, 16, 0, 0, 0])));
    expect(machFaults(bytes)).toContain("is not signed");
  });

  test("finds a library for a newer macOS, and one that is cut", () => {
    expect(machFaults(dylib({ minimum: 15 }))).toEqual(["is for macOS 15.0, newer than 14"]);
    expect(machFaults(dylib().subarray(0, -8))).toContain("segment __LINKEDIT ends behind the file");
  });

  test("finds a shim that would catch no exception of MLX, or shows names that are none of ours", () => {
    const libraries = ["/usr/lib/libc++.1.dylib"];
    const shim: [string, number | "export"][] = [["_easel_open", "export"]];
    const right = [...shim, ["__ZTISt9exception", 1]] as typeof shim;
    expect(machFaults(dylib({ dylibs: libraries, symbols: right }))).toEqual([]);
    expect(machFaults(dylib({ symbols: shim }))).toEqual(["takes std::exception's typeinfo from nowhere"]);
    expect(
      machFaults(dylib({ dylibs: libraries, symbols: right, content: "\0St16invalid_argument\0" })),
    ).toEqual(["has the typeinfo St16invalid_argument for itself"]);
    const more = [...right, ["_helper", "export"]] as typeof shim;
    expect(machFaults(dylib({ dylibs: libraries, symbols: more }))).toEqual(["exports _helper"]);
  });
});

test("faults() finds a name that the library beside has not", () => {
  const dylibs = ["@rpath/libmlx.dylib"];
  const files = {
    "libmlx.dylib": dylib({ symbols: [["_there", "export"]] }),
    "libuser.dylib": dylib({
      dylibs,
      symbols: [
        ["_there", 1],
        ["_gone", 1],
      ],
    }),
  };
  expect(faults(files)).toEqual(["libuser.dylib takes _gone from @rpath/libmlx.dylib, which has none"]);
});

test("faults() takes a library for a newer macOS only where that is meant", () => {
  const files = { "libmlx.dylib": dylib({ minimum: 26 }) };
  expect(faults(files)).toEqual([expect.stringContaining("is for macOS 26")]);
  expect(faults(files, 26.2)).toEqual([]);
});
