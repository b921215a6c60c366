import { expect, setDefaultTimeout, test } from "bun:test";
import { outcome, pool, sanitized } from "./program.ts";
import { present } from "./sets.ts";

// Compiling takes longer than running.
setDefaultTimeout(600_000);

test.if(process.arch === "x64" && present("bfloat16"))(
  "AMX's products, convolutions and attention of three and of six terms are those of double precision, on any number of threads, under sanitizers",
  () => {
    const units = ["amx.cpp", "amx_three.cpp", "amx_six.cpp", ...pool];
    const command = [...sanitized, "-include", "tools/kernels/tiles.h"];
    const made = outcome("tiles.cpp", units, { command, threads: [1, 2, 3, 8] });
    expect(made).toMatch(/^0 all right [0-9a-f]{16}$/);
  },
);
