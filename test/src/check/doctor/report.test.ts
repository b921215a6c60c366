import { describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Ended, engineSections } from "../../../../src/check/doctor/engine.ts";
import { deeply, withoutPerson } from "../../../../src/check/doctor/personal.ts";
import {
  diskSection,
  logSection,
  nativeSection,
  serverSection,
} from "../../../../src/check/doctor/places.ts";
import { reportOf, reportText } from "../../../../src/check/doctor/report.ts";

const gigabyte = 1024 ** 3;

describe("the report", () => {
  const sections = [
    { name: "System", facts: { chip: "Apple M2", model: null, valid: true, lines: ["a", "b"] }, faults: [] },
    { name: "Disk", facts: {}, faults: ["only 3 MB are free"] },
  ];

  test("holds every fact and every fault, as lines and as JSON", () => {
    const report = reportOf("1.0", sections);
    expect(report).toMatchObject({ ok: false, faults: ["only 3 MB are free"] });
    const text = reportText(report);
    for (const words of [
      "easel doctor 1.0",
      "chip   Apple M2",
      "model  unknown",
      "valid  yes",
      "    b",
      "  only 3 MB",
    ])
      expect(text).toContain(words);
    expect(reportText(reportOf("1.0", sections.slice(0, 1)))).toEndWith("Nothing is wrong.");
  });

  test("says nothing of the person who sends it", () => {
    const clean = withoutPerson({ homes: ["/Users/anna", "/private/anna"], host: "annas-mac.local" });
    const value = { a: ["/Users/anna/.cache/easel", "/private/anna/x"], b: "on annas-mac", c: 7, d: null };
    expect(deeply(value, clean)).toEqual({
      a: ["~/.cache/easel", "~/x"],
      b: "on this-machine",
      c: 7,
      d: null,
    });
    expect(clean("open '/Users/bert/file': EACCES")).toBe("open '/Users/…/file': EACCES");
    expect(clean("/home/bert/models, /Volumes/Anna's disk/models")).not.toMatch(/bert|Anna/);
    expect(clean("/Users/Shared/easel")).toBe("/Users/Shared/easel");
  });

  test("leaves words alone that only look like a short name of a machine or home", () => {
    const clean = withoutPerson({ homes: ["/"], host: "mac" });
    expect(clean("macOS / Metal")).toBe("macOS / Metal");
  });
});

describe("the engine's sections", () => {
  const well: Ended = {
    stdout: `a library said something\n${JSON.stringify({
      device: "Apple Paravirtual device",
      kind: "gpu",
      architecture: "air64_v27",
      workingSet: 5010800640,
      mlx: "0.32.4",
      kernels: "off",
      results: [
        { name: "sorting", ok: true, error: 0, tolerance: 0 },
        { name: "softmax", ok: false, error: 0.002, tolerance: 1e-5 },
      ],
    })}\n`,
    stderr: "",
    code: 0,
    signal: null,
    timedOut: false,
  };
  const look = (ended: Partial<Ended>, tf32?: string) =>
    engineSections({ ...well, ...ended }, { total: 7 * gigabyte }, null, tf32);

  test("name the device, its working set and every kernel's error", () => {
    const [device, kernels] = look({});
    expect(device!.facts).toMatchObject({
      device: "Apple Paravirtual device",
      "working set that Metal recommends": "4.7 GB",
      "memory budget of models": "4.7 GB",
      TF32: "off",
      "end of the process": 0,
    });
    expect(kernels!.facts).toEqual({
      sorting: "ok, error 0, at most 0",
      softmax: "WRONG, error 2.0e-3, at most 1.0e-5",
    });
    expect(device!.faults).toEqual([expect.stringContaining("kernel: softmax: wrong by 2.0e-3")]);
    expect(look({}, "1")[0]!.facts.TF32).toBe("MLX_ENABLE_TF32=1");
  });

  test("tell a crash by its signal, an end by its code and its last words, and one that never came", () => {
    const gone = {
      stdout: "",
      stderr: "mutex lock failed: Invalid argument\n",
      code: null,
      signal: "SIGABRT",
    };
    expect(look(gone)[0]!.faults).toEqual([
      "the engine's process was ended by SIGABRT: mutex lock failed: Invalid argument",
    ]);
    expect(look({ stdout: "", code: 3, stderr: "Error: no" })[0]!.faults[0]).toContain(
      "ended with 3: Error: no",
    );
    expect(look({ stdout: "", signal: "SIGKILL", timedOut: true })[0]!.faults[0]).toContain(
      "within two minutes",
    );
    // what was printed before a crash at the end still counts
    expect(look({ ...gone, stdout: well.stdout })[0]!.facts.device).toBe("Apple Paravirtual device");
  });

  test("give Metal's own words, with what to do", () => {
    const stdout = JSON.stringify({ error: "[open] Metal does not work: Failed to load device" });
    expect(look({ stdout })[0]!.faults[0]).toMatch(/Failed to load device\n.*log in at the screen/);
  });
});

describe("the places", () => {
  test("name damaged native parts and the command that mends them", () => {
    const { facts, faults } = nativeSection("/cache/native-1", [
      { name: "libmlx.dylib", bytes: 2e7, sha256: "ab".repeat(32), whole: true },
      { name: "mlx.metallib", bytes: 0, sha256: "", whole: false },
    ]);
    expect(facts.files).toEqual([
      "libmlx.dylib: 20.0 MB, abababababababab, as packed",
      "mlx.metallib: 0.0 MB, missing, DAMAGED",
    ]);
    expect(faults).toEqual([expect.stringContaining("mlx.metallib is damaged: easel check --engine")]);
  });

  test("tell the free space of folders that are not there yet", () => {
    const { facts } = diskSection({ "the cache directory": join(tmpdir(), "not/there/yet") });
    expect(facts["the cache directory"]).toMatch(/: [\d.]+ GB free$/);
  });

  test("show the end of the first log that is there", () => {
    const folder = mkdtempSync(join(tmpdir(), "easel-doctor-"));
    try {
      const file = join(folder, "server.log");
      expect(logSection([file]).facts).toEqual({ file: "none", "last lines": [] });
      writeFileSync(file, Array.from({ length: 50 }, (_, i) => `line ${i}\n`).join(""));
      const lines = logSection([join(folder, "other.log"), file]).facts["last lines"] as string[];
      expect(lines).toHaveLength(20);
      expect(lines.at(-1)).toBe("line 49");
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test("ask a server that answers, and find no fault in none", async () => {
    using server = Bun.serve({
      port: 0,
      hostname: "127.0.0.1",
      fetch: (r) => new Response(new URL(r.url).pathname),
    });
    const address = server.url.origin;
    expect((await serverSection(address)).facts).toEqual({ address, health: "/health", ready: "/ready" });
    expect(await serverSection("http://127.0.0.1:1")).toMatchObject({
      facts: { health: "no answer" },
      faults: [],
    });
  });
});
