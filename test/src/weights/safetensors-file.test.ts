import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  arange,
  ByteFile,
  liveHandles,
  memory,
  ones,
  saveSafetensors,
  scope,
  Tensor,
} from "../../../ffi/index.ts";
import { openSafetensors } from "../../../src/weights/safetensors-file.ts";
import { openForTests } from "../../ffi/open.ts";

beforeAll(openForTests);

const folder = mkdtempSync(join(tmpdir(), "safetensors-"));
afterAll(() => rmSync(folder, { recursive: true }));
const path = (name: string) => join(folder, name);

/** A file of the given header and bytes. */
function written(
  name: string,
  header: unknown,
  bytes: Uint8Array = new Uint8Array(16),
  length?: bigint,
  cut?: number,
): string {
  const text = new TextEncoder().encode(typeof header === "string" ? header : JSON.stringify(header));
  const start = new Uint8Array(8);
  new DataView(start.buffer).setBigUint64(0, length ?? BigInt(text.length), true);
  writeFileSync(path(name), Buffer.concat([start, text, bytes]).subarray(0, cut));
  return path(name);
}

describe("a safetensors file", () => {
  test("written with texts gives back every type, name and text", () => {
    const before = liveHandles();
    scope(() => {
      const x = Tensor.from([0, 1, 2, 3, 4, 5], [2, 3]);
      const tensors = Object.fromEntries(
        (["float32", "float16", "bfloat16", "int32", "uint32", "int64", "uint8", "bool"] as const).map(
          (dtype) => [`of.${dtype}`, x.astype(dtype)],
        ),
      );
      saveSafetensors(
        path("all.safetensors"),
        { ...tensors, "ein Übermaß": x.transpose() },
        { format: "pt" },
      );
      using file = openSafetensors(path("all.safetensors"));
      expect(file.metadata).toEqual(new Map([["format", "pt"]]));
      expect([...file.tensors.keys()].sort()).toEqual([...Object.keys(tensors), "ein Übermaß"].sort());
      for (const [name, tensor] of Object.entries(tensors)) {
        const taken = file.take(name);
        expect([taken.dtype, taken.shape]).toEqual([tensor.dtype, tensor.shape]);
        expect(taken.read()).toEqual(tensor.read() as never);
      }
      expect([...file.take("ein Übermaß").read()]).toEqual([0, 3, 1, 4, 2, 5]);
    });
    expect(liveHandles()).toBe(before);
  });

  test("is read only as far as its tensors are taken", () => {
    scope(() => {
      saveSafetensors(path("big.safetensors"), { big: ones([1024, 1024]), small: arange(3) });
    });
    using file = openSafetensors(path("big.safetensors"));
    const before = memory().active;
    expect(file.tensors.get("big")!.shape).toEqual([1024, 1024]);
    scope(() => file.take("small").read());
    expect(memory().active).toBe(before);
    using big = file.take("big");
    expect(memory().active - before).toBe(4 * 1024 * 1024);
    expect(big.sum().item()).toBe(1024 * 1024);
  });

  test("may be closed while its tensors live on", () => {
    scope(() => {
      const file = openSafetensors(path("big.safetensors"));
      const small = file.take("small");
      file[Symbol.dispose]();
      file[Symbol.dispose]();
      expect([...small.read()]).toEqual([0, 1, 2]);
      expect(() => file.take("small")).toThrow("a file was used after it was closed");
    });
  });

  test("may hold empty tensors and scalars", () => {
    const none = { dtype: "F32", shape: [0, 3], data_offsets: [0, 0] };
    const one = { dtype: "F32", shape: [], data_offsets: [0, 4] };
    using file = openSafetensors(
      written("small", { none, one }, new Uint8Array(new Float32Array([2.5]).buffer)),
    );
    scope(() => {
      expect(file.take("none").shape).toEqual([0, 3]);
      expect(file.take("none").read()).toEqual(new Float32Array(0));
      expect(file.take("one").item()).toBe(2.5);
    });
  });

  test("without the wanted tensor says so", () => {
    using file = openSafetensors(path("big.safetensors"));
    expect(() => file.take("other")).toThrow('there is no tensor "other"');
  });

  const good = { dtype: "F32", shape: [2, 2], data_offsets: [0, 16] };
  const bad: [what: string, message: string, path: () => string][] = [
    ["is absent", "[file] cannot be opened: No such file or directory", () => path("absent")],
    ["is a folder", "[file] is not a regular file", () => folder],
    ["is cut off", "the file is too short", () => written("empty", {}, undefined, undefined, 4)],
    [
      "claims a longer header than it is",
      "the header is longer than the file",
      () => written("a", {}, undefined, 1000n),
    ],
    ["claims an enormous header", "the header is too long", () => written("b", {}, undefined, 2n ** 63n)],
    ["has a header that is no JSON", "the header is not JSON", () => written("c", "{")],
    ["has a header that is a list", "the header is not an object", () => written("d", [])],
    ["has an entry that is a number", 'the entry of "x" is not an object', () => written("e", { x: 1 })],
    ["has an unknown type", 'the type "F8_E9"', () => written("f", { x: { ...good, dtype: "F8_E9" } })],
    [
      "has a type from the prototype",
      "which is not supported",
      () => written("g", { x: { ...good, dtype: "toString" } }),
    ],
    [
      "has a negative shape",
      '"x" has no valid shape',
      () => written("h", { x: { ...good, shape: [-2, -2] } }),
    ],
    ["has a broken shape", '"x" has no valid shape', () => written("i", { x: { ...good, shape: [1.5] } })],
    [
      "has a shape of another size",
      "offsets that do not fit its shape",
      () => written("j", { x: { ...good, shape: [2, 3] } }),
    ],
    [
      "has a shape too large to count",
      "no valid shape",
      () => written("k", { x: { ...good, shape: [0, 2 ** 31], data_offsets: [0, 0] } }),
    ],
    [
      "has offsets that are missing",
      "no valid offsets",
      () => written("l", { x: { dtype: "F32", shape: [4] } }),
    ],
    [
      "has offsets outside the file",
      '"x" lies outside the file',
      () => written("m", { x: { ...good, data_offsets: [8, 24] } }),
    ],
  ];
  test.each(bad)("that %s is refused", (_, message, make) => {
    const where = make();
    expect(() => openSafetensors(where)).toThrow(message);
    try {
      openSafetensors(where);
    } catch (error) {
      expect((error as Error).message).not.toContain(folder);
    }
  });

  test("that shrinks while it is open gives an error, not garbage", () => {
    const name = written("shrinking", { x: good });
    using file = openSafetensors(name);
    truncateSync(name, 40);
    const before = liveHandles();
    expect(() => file.take("x")).toThrow("[file] ended while it was read");
    expect(liveHandles()).toBe(before);
  });

  test("cannot be written where there is no folder", () => {
    using x = ones([1]);
    expect(() => saveSafetensors(path("no/such/folder.safetensors"), { x })).toThrow();
  });
});

test("any range of a file can become a tensor, and none outside it", () => {
  writeFileSync(path("bytes"), new Uint8Array(new Float32Array([0, 1, 2, 3]).buffer));
  using file = ByteFile.open(path("bytes"));
  expect(file.size).toBe(16);
  scope(() => {
    expect([...file.read(4, [1, 2], "float32").read()]).toEqual([1, 2]);
    expect([...file.read(6, [2], "uint8").read()]).toEqual([128, 63]);
    expect(() => file.read(4, [4], "float32")).toThrow("[file] the range lies outside the file");
    expect(() => file.read(-4, [1], "float32")).toThrow("[file] the range lies outside the file");
    expect(() => file.read(0, [2 ** 31 - 1, 2 ** 31 - 1, 2 ** 31 - 1], "float32")).toThrow(
      "impossible shape",
    );
  });
});
