import { expect, setDefaultTimeout, test } from "bun:test";
import { emulated, outcome, pool, sanitized } from "./program.ts";

// Compiling takes longer than running.
setDefaultTimeout(600_000);

const onLinux = process.platform === "linux";

test.if(onLinux && process.arch === "x64")(
  "the products of AVX512_BF16 and AMX are those of double precision, with their instructions written out, under sanitizers",
  () => {
    const command = [...sanitized, "-include", "tools/kernels/tiles.h"];
    expect(outcome("bfloat16.cpp", [...pool], { command })).toBe("0 all right");
  },
);

const arm = emulated();

test.if(onLinux && arm !== null)(
  "the products of Arm's BFMMLA are those of double precision, in an emulator",
  () => {
    expect(outcome("bfloat16.cpp", ["bfmmla.cpp", ...pool], arm!)).toBe("0 all right");
  },
);
