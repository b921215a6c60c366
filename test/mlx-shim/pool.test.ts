import { expect, setDefaultTimeout, test } from "bun:test";
import { outcome, pool } from "./program.ts";

// Compiling takes longer than running.
setDefaultTimeout(600_000);

test.if(process.platform === "linux")(
  "threads are those of the physical cores, nodes and control group of a machine, and products, attention and norms are split for all of them",
  () => {
    expect(outcome("pool.cpp", pool)).toBe("0 all right");
  },
);
