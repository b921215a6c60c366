import { expect, test } from "bun:test";
import { join } from "node:path";
import { libraryPath } from "./open.ts";

const module = (name: string) => JSON.stringify(join(import.meta.dir, "../../ffi", name));

/** Runs a program to its end. */
function end(program: string) {
  const child = Bun.spawnSync([process.execPath, "-e", program]);
  return { code: child.exitCode, out: child.stdout.toString(), err: child.stderr.toString() };
}

test("leaving as on a Mac runs what waits for the end once, and gives the code", () => {
  const program = `import { leave } from ${module("leave.ts")};
    process.on("exit", (code) => console.log("last words", code));
    console.log("first words");
    leave(7, "darwin");
    console.log("never");`;
  expect(end(program)).toEqual({ code: 7, out: "first words\nlast words 7\n", err: "" });
});

test("leaving as on a Mac loses nothing that was written to a pipe", () => {
  const program = `import { leave } from ${module("leave.ts")};
    process.stderr.write("x".repeat(50_000));
    process.stdout.write("y".repeat(50_000));
    leave(1, "darwin");`;
  const { code, out, err } = end(program);
  expect([code, out.length, err.length]).toEqual([1, 50_000, 50_000]);
});

test("leaving with tensors alive and work in flight is quiet", () => {
  for (const platform of ["darwin", "linux"])
    expect(
      end(`import { leave } from ${module("leave.ts")};
        import { evalAsync, matmul, ones, openLibrary } from ${module("index.ts")};
        openLibrary(${JSON.stringify(libraryPath)}, { device: "cpu" });
        const x = matmul(ones([512, 512]), ones([512, 512]));
        evalAsync(x);
        leave(3, ${JSON.stringify(platform)});`),
    ).toEqual({ code: 3, out: "", err: "" });
});
