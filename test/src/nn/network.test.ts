import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { saveSafetensors, scope, Tensor } from "../../../ffi/index.ts";
import { Linear } from "../../../src/nn/linear.ts";
import { network } from "../../../src/nn/network.ts";
import type { Weights } from "../../../src/nn/weights.ts";
import { Checkpoint } from "../../../src/weights/checkpoint.ts";
import type { QuantizedPlace } from "../../../src/weights/quantized.ts";
import { openSafetensors } from "../../../src/weights/safetensors-file.ts";
import { openForTests } from "../../ffi/open.ts";

openForTests();

let place: string;
let notes: string[];
beforeEach(() => {
  place = mkdtempSync(join(tmpdir(), "easel-kept-"));
  notes = [];
});
afterEach(() => rmSync(place, { recursive: true, force: true }));

const cache = () => join(place, "cache");
const kept = () => {
  const folder = join(cache(), "quantized");
  return existsSync(folder) ? readdirSync(folder) : [];
};
const keptFile = () => join(cache(), "quantized", kept()[0]!);

/** Two layers of 128 to 64, the second with numbers `shift` larger. */
function write(file: string, shift = 0) {
  scope(() => {
    const matrix = (add: number) =>
      Tensor.from(
        Float32Array.from({ length: 64 * 128 }, (_, i) => Math.sin(i) + add + shift),
        [64, 128],
      );
    saveSafetensors(file, {
      "a.weight": matrix(0),
      "a.bias": Tensor.from(new Float32Array(64).fill(0.5), [64]),
      "b.weight": matrix(1),
      "b.bias": Tensor.from(new Float32Array(64), [64]),
    });
  });
  utimesSync(file, 1e9, 1e9);
}

class Two implements Disposable {
  readonly a: Linear;
  readonly b: Linear;
  constructor(readonly weights: Weights) {
    this.a = new Linear(weights.at("a"), 128, 64);
    this.b = new Linear(weights.as({ bits: 8 }).at("b"), 128, 64);
  }
  values(): number[] {
    return scope(() => {
      const x = Tensor.from(
        Float32Array.from({ length: 128 }, (_, i) => i / 128),
        [1, 128],
      );
      return [...this.a.forward(x).read("float32"), ...this.b.forward(x).read("float32")];
    });
  }
  [Symbol.dispose]() {
    this.weights[Symbol.dispose]();
  }
}

interface How extends Partial<QuantizedPlace> {
  bits?: 4 | 6 | 8;
}

/** Loads the network as a server does, and gives what it computes. */
function load(file: string, { bits = 4, ...changes }: How = {}): number[] {
  using checkpoint = Checkpoint.open([file]);
  const where = {
    folder: cache(),
    maxBytes: null,
    network: "two",
    note: (text: string) => notes.push(text),
    ...changes,
  };
  using two = network(checkpoint, { dtype: "float32", bits, place: where }, (weights) => new Two(weights));
  return two.values();
}

/** The same size and time, other numbers: who reads it again gets something else. */
const swap = (file: string) => write(file, 3);

describe("quantized weights", () => {
  test("are written once, and read from there the next time", () => {
    const file = join(place, "model.safetensors");
    write(file);
    const first = load(file);
    expect(kept()).toEqual([expect.stringMatching(/^two-4bit-float32-[0-9a-f]+\.safetensors$/)]);
    swap(file);
    expect(load(file)).toEqual(first);
    expect(notes).toEqual([]);
  });

  test("say in an ordinary safetensors file what they were made of, for its owner alone", () => {
    const file = join(place, "model.safetensors");
    write(file);
    load(file);
    using opened = openSafetensors(keptFile());
    expect(opened.tensors.get("a.weight")).toMatchObject({ dtype: "uint32", shape: [64, 16] });
    expect(opened.tensors.get("b.weight")).toMatchObject({ dtype: "uint32", shape: [64, 32] });
    expect([...opened.tensors.keys()]).not.toContain("a.bias");
    expect(JSON.parse(opened.metadata.get("provenance")!)).toMatchObject({
      quantizer: 1,
      bits: 4,
      dtype: "float32",
      files: [{ file: "model.safetensors", size: statSync(file).size }],
    });
    expect(statSync(keptFile()).mode & 0o077).toBe(0);
  });

  test("of a downloaded model name its repository, revision and hash", () => {
    const repo = join(place, "models--Some--Model");
    const hash = "ab".repeat(32);
    mkdirSync(join(repo, "blobs"), { recursive: true });
    mkdirSync(join(repo, "snapshots/0123456789abcdef"), { recursive: true });
    write(join(place, "model.safetensors"));
    renameSync(join(place, "model.safetensors"), join(repo, "blobs", hash));
    const link = join(repo, "snapshots/0123456789abcdef/model.safetensors");
    symlinkSync(join("../../blobs", hash), link);
    load(link);
    using opened = openSafetensors(keptFile());
    expect(JSON.parse(opened.metadata.get("provenance")!).files).toEqual([
      {
        file: "model.safetensors",
        size: statSync(link).size,
        repository: "Some/Model",
        revision: "0123456789abcdef",
        hash,
      },
    ]);
  });

  test("are made again when the model has changed", () => {
    const file = join(place, "model.safetensors");
    write(file);
    const first = load(file);
    write(file, 3);
    utimesSync(file, 1, 1);
    const second = load(file);
    expect(second).not.toEqual(first);
    expect(kept()).toHaveLength(1);
    swap(file);
    expect(load(file)).toEqual(second);
  });

  test("of other bits are a file of their own", () => {
    const file = join(place, "model.safetensors");
    write(file);
    const four = load(file);
    const six = load(file, { bits: 6 });
    expect(kept()).toHaveLength(2);
    swap(file);
    expect([load(file), load(file, { bits: 6 })]).toEqual([four, six]);
  });

  test.each([
    ["a byte in the middle is another", (path: string) => flip(path, statSync(path).size - 100)],
    ["the header is broken", (path: string) => flip(path, 9)],
    ["the end is missing", (path: string) => truncateSync(path, statSync(path).size - 10)],
    ["it is empty", (path: string) => truncateSync(path, 0)],
    ["it is something else", (path: string) => writeFileSync(path, "hello")],
  ])("are made again when %s", (_, damage) => {
    const file = join(place, "model.safetensors");
    write(file);
    const first = load(file);
    damage(keptFile());
    expect(load(file)).toEqual(first);
    swap(file);
    expect(load(file)).toEqual(first);
  });

  test("of a model that does not fit the network are not kept", () => {
    const file = join(place, "model.safetensors");
    scope(() => saveSafetensors(file, { "a.weight": Tensor.from(new Float32Array(64 * 128), [64, 128]) }));
    expect(() => load(file)).toThrow("Missing: a.bias, b.bias, b.weight");
    expect(kept()).toEqual([]);
  });

  test("of a load that was stopped leave nothing behind", () => {
    const file = join(place, "model.safetensors");
    write(file);
    using checkpoint = Checkpoint.open([file]);
    const where = { folder: cache(), maxBytes: null, network: "two", note() {} };
    const step = () => {
      if (kept().length === 0) throw new Error("nothing is written");
      throw new Error("stopped");
    };
    const options = { dtype: "float32", bits: 4, place: where, step } as const;
    expect(() => network(checkpoint, options, (weights) => new Two(weights))).toThrow("stopped");
    expect(kept()).toEqual([]);
  });

  test("that nobody finished are cleared away by the next writer", () => {
    const file = join(place, "model.safetensors");
    write(file);
    mkdirSync(join(cache(), "quantized"), { recursive: true });
    const [dead, alive] = [".two.safetensors.999999999.part", `.other.safetensors.${process.pid}.part`];
    for (const name of [dead, alive]) writeFileSync(join(cache(), "quantized", name), "half");
    load(file);
    expect(kept()).not.toContain(dead);
    expect(kept()).toContain(alive);
  });
});

describe("the limit of the cache", () => {
  test("makes the least recently used go", () => {
    const files = ["one", "two", "three"].map((name) => {
      const folder = join(place, name);
      mkdirSync(folder);
      write(join(folder, "model.safetensors"));
      return join(folder, "model.safetensors");
    });
    const names = files.map((file, i) => {
      load(file, { network: `n${i}` });
      const name = kept().find((each) => each.startsWith(`n${i}-`))!;
      const then = Date.now() / 1000 - 1000 + i;
      utimesSync(join(cache(), "quantized", name), then, then);
      return name;
    });
    const { size } = statSync(join(cache(), "quantized", names[0]!));
    // The first is read again, so that the second is the oldest.
    load(files[0]!, { network: "n0" });
    load(files[2]!, { network: "n3", maxBytes: 3.5 * size });
    expect(
      kept()
        .map((name) => name.slice(0, 2))
        .sort(),
    ).toEqual(["n0", "n2", "n3"]);
  });

  test("keeps out what is larger than all of it, and says so", () => {
    const file = join(place, "model.safetensors");
    write(file);
    const values = load(file, { maxBytes: 1000 });
    expect(kept()).toEqual([]);
    expect(notes).toEqual(["quantized weights of two are not kept: they are larger than cache_max_gb"]);
    expect(load(file)).toEqual(values);
  });
});

test("a folder that cannot be written, or a disk that is full, costs nothing but the time next time", () => {
  const file = join(place, "model.safetensors");
  write(file);
  const values = load(file);
  rmSync(cache(), { recursive: true });
  writeFileSync(cache(), "a file where the folder should be");
  expect(load(file)).toEqual(values);
  expect(notes).toEqual([expect.stringMatching(/^quantized weights of two are not kept: E[A-Z]+$/)]);
  rmSync(cache());
  // Writing to this device fails like the last block of a full disk.
  if (existsSync("/dev/full")) {
    mkdirSync(join(cache(), "quantized"), { recursive: true });
    load(file);
    const partial = `.${kept()[0]}.${process.pid}.part`;
    rmSync(keptFile());
    symlinkSync("/dev/full", join(cache(), "quantized", partial));
    notes.length = 0;
    expect(load(file)).toEqual(values);
    expect(notes).toEqual(["quantized weights of two are not kept: ENOSPC"]);
    expect(kept()).toEqual([]);
  }
});

function flip(path: string, at: number) {
  chmodSync(path, 0o600);
  const bytes = readFileSync(path);
  bytes[at]! ^= 0xff;
  const { atime, mtime } = statSync(path);
  writeFileSync(path, bytes);
  utimesSync(path, atime, mtime);
}
