import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { liveHandles, saveSafetensors, scope, Tensor } from "../../../ffi/index.ts";
import { DepthAnything } from "../../../src/models/depth-anything/depth-anything.ts";
import { DepthPro } from "../../../src/models/depth-pro/depth-pro.ts";
import { Checkpoint } from "../../../src/weights/checkpoint.ts";
import { CheckpointError } from "../../../src/weights/checkpoint-error.ts";
import { renaming } from "../../../src/weights/naming.ts";
import { openForTests } from "../../ffi/open.ts";
import { fixture } from "../models/fixtures.ts";

openForTests();

let folder: string;
let handles: number;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "easel-checkpoint-"));
  handles = liveHandles();
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
  expect(liveHandles()).toBe(handles);
});

const save = (file: string, tensors: Record<string, readonly number[]>) =>
  scope(() =>
    saveSafetensors(
      join(folder, file),
      Object.fromEntries(
        Object.entries(tensors).map(([name, shape]) => {
          const size = shape.reduce((a, b) => a * b, 1);
          return [
            name,
            Tensor.from(
              Float32Array.from({ length: size }, (_, i) => i),
              shape,
            ),
          ];
        }),
      ),
    ),
  );

const failure = (body: () => unknown): CheckpointError => {
  try {
    body();
  } catch (error) {
    expect(error).toBeInstanceOf(CheckpointError);
    expect((error as Error).message).not.toContain(folder);
    return error as CheckpointError;
  }
  throw new Error("nothing was thrown");
};

test("tensors come out of a folder, a file and shards alike", () => {
  save("model.safetensors", { a: [2, 3] });
  mkdirSync(join(folder, "sharded"));
  save("sharded/one.safetensors", { a: [2, 3] });
  save("sharded/two.safetensors", { b: [4] });
  writeFileSync(
    join(folder, "sharded/model.safetensors.index.json"),
    JSON.stringify({ weight_map: { a: "one.safetensors", b: "two.safetensors" } }),
  );
  for (const path of [folder, join(folder, "model.safetensors"), join(folder, "sharded")]) {
    scope(() => {
      using checkpoint = Checkpoint.open([join(folder, "nowhere"), path]);
      expect([...checkpoint.take("a", [2, 3]).read("float32")]).toEqual([0, 1, 2, 3, 4, 5]);
      checkpoint.maybe("b", [4]);
      checkpoint.done();
    });
  }
});

test("a config beside the weights or in another of the folders is found", () => {
  mkdirSync(join(folder, "weights"));
  save("weights/model.safetensors", { a: [1] });
  writeFileSync(join(folder, "config.json"), '{"size": 3}');
  using checkpoint = Checkpoint.open([join(folder, "weights"), folder]);
  expect(checkpoint.config).toEqual({ size: 3 });
  expect(checkpoint.json("preprocessor_config.json")).toBeUndefined();
});

test.each([
  ["version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n", "a Git LFS pointer"],
  ["<!DOCTYPE html>\n<html><body>Log in</body></html>", "a web page"],
  ['{"error":"Repository not found"}', "a server's error message"],
])("a file of %j is named for what it is", (content, what) => {
  for (const name of ["model.safetensors", "weights.pt"]) {
    const path = join(folder, name);
    writeFileSync(path, content);
    const error = failure(() => Checkpoint.open([path]));
    expect([error.kind, error.message.startsWith(`${name}: it is ${what}, not the weights`)]).toEqual([
      "checkpoint_invalid",
      true,
    ]);
    rmSync(path);
  }
});

test("missing, misshaped and surplus tensors are named all at once", () => {
  save("model.safetensors", { a: [2, 3], b: [4], c: [1], "c.mask_token": [1] });
  scope(() => {
    using checkpoint = Checkpoint.open([folder]);
    checkpoint.take("a", [3, 2]);
    checkpoint.take("b", [4]);
    checkpoint.take("d", [7]);
    checkpoint.take("e", [7]);
    const error = failure(() => checkpoint.done({ unused: [/mask_token$/] }));
    expect(error.faults).toEqual({
      missing: ["d", "e"],
      misshaped: ["a is [2, 3] and must be [3, 2]"],
      surplus: ["c"],
    });
    expect(error.kind).toBe("checkpoint_invalid");
    expect(error.message).toBe(
      "model.safetensors does not fit the network. Missing: d, e. Wrong shape: a is [2, 3] and must be [3, 2]. Not known: c",
    );
  });
});

test("a long list of faults is cut short in the message and whole in the error", () => {
  save("model.safetensors", { a: [1] });
  scope(() => {
    using checkpoint = Checkpoint.open([folder]);
    for (let i = 0; i < 40; i++) checkpoint.take(`n${i}`, [1]);
    const error = failure(() => checkpoint.done({ unused: [/./] }));
    expect(error.faults.missing.length).toBe(40);
    expect(error.message).toContain("n11 and 28 more");
  });
});

test("parts under several names become one tensor, and a part that is missing is missed", () => {
  save("model.safetensors", { "q.weight": [2, 2], "k.weight": [2, 2], "v.weight": [2, 2], "q.bias": [2] });
  const naming = () => (name: string) => {
    const [part, kind] = name.split(".") as [string, string];
    return { name: `qkv.${kind}`, part: ["q", "k", "v"].indexOf(part), of: 3 };
  };
  scope(() => {
    using checkpoint = Checkpoint.open([folder], naming);
    expect(checkpoint.shape("qkv.weight")).toEqual([6, 2]);
    expect([...checkpoint.take("qkv.weight", [6, 2]).read("float32")]).toEqual([
      0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3,
    ]);
    checkpoint.take("qkv.bias", [6]);
    expect(failure(() => checkpoint.done()).faults.missing).toEqual(["qkv.bias"]);
  });
});

test("two tensors under one name are refused", () => {
  save("model.safetensors", { "x.a": [1], "y.a": [1] });
  expect(failure(() => Checkpoint.open([folder], () => renaming([[/^[xy]\./, ""]]))).message).toContain(
    "twice",
  );
});

test("a folder without weights, with several, or with an index that leads out of it is refused", () => {
  expect(failure(() => Checkpoint.open([folder])).message).toContain("no weights");
  save("one.safetensors", { a: [1] });
  save("two.safetensors", { a: [1] });
  expect(failure(() => Checkpoint.open([folder])).message).toContain("one.safetensors, two.safetensors");
  for (const shard of ["../one.safetensors", "/etc/passwd", "three.safetensors", 7]) {
    writeFileSync(join(folder, "model.safetensors.index.json"), JSON.stringify({ weight_map: { a: shard } }));
    failure(() => Checkpoint.open([folder]));
  }
  for (const index of ["", "[]", "null", '{"weight_map": 3}']) {
    writeFileSync(join(folder, "model.safetensors.index.json"), index);
    failure(() => Checkpoint.open([folder]));
  }
});

test("a safetensors file that is damaged, and a config that is no object, are refused", () => {
  for (const bytes of [
    "",
    "12345678",
    "\x05\x00\x00\x00\x00\x00\x00\x00{{{{{",
    "\xff\xff\xff\xff\xff\xff\xff\xff{}",
  ]) {
    writeFileSync(join(folder, "model.safetensors"), Buffer.from(bytes, "latin1"));
    failure(() => Checkpoint.open([folder]));
  }
  save("model.safetensors", { a: [1] });
  for (const config of ["", "[]", "nonsense"]) {
    writeFileSync(join(folder, "config.json"), config);
    using checkpoint = Checkpoint.open([folder]);
    failure(() => checkpoint.config);
  }
});

test("layers are counted, and a gap among them is an error", () => {
  save("model.safetensors", { "blocks.0.a": [1], "blocks.1.a": [1], "blocks.1.b": [1], "other.7.a": [1] });
  using checkpoint = Checkpoint.open([folder]);
  expect(checkpoint.layers("blocks.")).toBe(2);
  expect(checkpoint.layers("none.")).toBe(0);
  expect(failure(() => checkpoint.layers("other.")).message).toContain("no other.0");
});

test("a size that damaged shapes lead to is never made", () => {
  save("model.safetensors", { a: [1] });
  using checkpoint = Checkpoint.open([folder]);
  expect(failure(() => checkpoint.take("b", [2 ** 20, 2 ** 20])).faults.missing).toEqual(["b"]);
});

test("a checkpoint of another network is refused by name", () => {
  expect(failure(() => DepthAnything.load([fixture("depth-pro-hf")])).message).toContain(
    "not a Depth Anything checkpoint",
  );
  expect(failure(() => DepthPro.load([fixture("v2-hf")])).message).toContain("not a Depth Pro checkpoint");
});
