import { describe, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { failedTests, filesAgain, hasOtherErrors, sentence } from "../../../scripts/gate/unsteady.ts";

function run(source: string, ...more: string[]): { report: string; said: string } {
  const folder = mkdtempSync(join(tmpdir(), "easel-gate-"));
  try {
    writeFileSync(join(folder, "sample.test.ts"), source);
    for (const [i, text] of more.entries()) writeFileSync(join(folder, `more${i}.test.ts`), text);
    const { stderr } = Bun.spawnSync(
      [process.execPath, "test", "--reporter=junit", "--reporter-outfile=report.xml"],
      { cwd: folder, stdout: "ignore" },
    );
    return { report: readFileSync(join(folder, "report.xml"), "utf8"), said: `${stderr}` };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const reportOf = (source: string) => run(source).report;

describe("tests that failed once", () => {
  test("are found in bun's report with file, groups and what they said", () => {
    const failed = failedTests(
      reportOf(`
        import { describe, expect, test } from "bun:test";
        describe("a \\"group\\" > of <two>", () => {
          test("is wrong & says so", () => expect(1).toBe(2));
          test("is right", () => {});
        });
        test.skip("is left out", () => {});
        test("throws", () => { throw new Error("late"); });
      `),
    );
    expect(failed.map(({ name }) => name)).toEqual(['a "group" > of <two> > is wrong & says so', "throws"]);
    expect(failed[0]).toMatchObject({
      file: "sample.test.ts",
      message: expect.stringContaining("Expected: 2\nReceived: 1"),
    });
    expect(sentence(failed[1]!)).toBe("sample.test.ts: throws\n       late");
  });

  test("none are found where all passed", () => {
    expect(failedTests(reportOf(`import { test } from "bun:test"; test("is right", () => {});`))).toEqual([]);
  });

  test("are no accident beside a file that cannot be loaded, which the report leaves out", () => {
    const fails = `import { expect, test } from "bun:test"; test("is wrong", () => expect(1).toBe(2));`;
    const { report, said } = run(fails, `throw new Error("not loaded");`);
    expect(failedTests(report).map(({ file }) => file)).toEqual(["sample.test.ts"]);
    expect([hasOtherErrors(said), hasOtherErrors(run(fails).said)]).toEqual([true, false]);
  });

  test("run again by file, each once, unless so many failed that it is no accident", () => {
    const failed = (file: string) => ({ file, name: "x", message: "" });
    expect(filesAgain([failed("a"), failed("b"), failed("a")])).toEqual(["a", "b"]);
    expect(filesAgain(Array.from({ length: 9 }, () => failed("a")))).toEqual([]);
  });
});
