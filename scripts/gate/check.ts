/**
 * The one gate: format and lint, types, native parts (C++ warnings are errors), tests. A failing step does not stop the others.
 * `bun scripts/gate/check.ts binary` builds the binary and runs the tests that need it instead, and `bun scripts/gate/check.ts mini` measures
 * the try-out model's weights and tests the tools that made them.
 *
 * @module
 */
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { record } from "./tally.ts";

const root = join(import.meta.dir, "../..");
const bun = process.execPath;
const bin = (name: string) => join(root, "node_modules/.bin", name);

interface Step {
  name: string;
  command: string[];
  /** Its results are counted: their name, and the arguments that make it write them to a file. */
  tests?: { name: string; reportTo: (file: string) => string[] };
}

const bunTests = (name: string) => ({
  name,
  reportTo: (file: string) => ["--reporter=junit", `--reporter-outfile=${file}`],
});

const gates: Record<string, Step[]> = {
  all: [
    { name: "format and lint", command: [bin("biome"), "ci", "."] },
    { name: "workflows and shell scripts", command: [bun, "scripts/gate/workflows.ts"] },
    { name: "format of C++ and Python", command: [bun, "scripts/gate/format.ts"] },
    { name: "requirements files install", command: [bun, "scripts/gate/requirements.ts"] },
    { name: "types", command: [bin("tsc"), "--noEmit"] },
    { name: "native parts, C++ warnings as errors", command: [bun, "scripts/build/native.ts"] },
    {
      name: "tests",
      command: [bun, "test", "--timeout=60000", "--path-ignore-patterns=test/binary/**"],
      tests: bunTests("tests"),
    },
  ],
  binary: [
    { name: "build", command: [bun, "build.ts"] },
    {
      name: "binary tests",
      command: [bun, "test", "--timeout=120000", "./test/binary"],
      tests: bunTests("binary"),
    },
  ],
  mini: [
    {
      name: "try-out model: tools, weights, a few steps of training",
      command: [join(root, "tools/mini/check.sh")],
      tests: { name: "mini", reportTo: (file: string) => [`--report=${file}`] },
    },
    {
      name: "built-in upscaler: tools, weights, a few steps of training",
      command: [join(root, "tools/mini-upscaler/check.sh")],
      tests: { name: "mini-upscaler", reportTo: (file: string) => [`--report=${file}`] },
    },
  ],
};

/** Shows the step's output as it comes and says whether it succeeded. */
async function run(step: Step): Promise<boolean> {
  console.log(`\n== ${step.name}`);
  const { tests } = step;
  const report = tests && join(root, "dist/results", `${tests.name}.xml`);
  if (report) {
    await mkdir(join(root, "dist/results"), { recursive: true });
    await rm(report, { force: true });
  }
  const command = tests && report ? [...step.command, ...tests.reportTo(report)] : step.command;
  const child = Bun.spawn(command, { cwd: root, stdin: "ignore", stdout: "inherit", stderr: "inherit" });
  const code = await child.exited;
  const ok = code === 0;
  await record(tests?.name ?? step.name, ok, report);
  if (!ok) console.log(`== ${step.name}: failed (exit ${child.signalCode ?? code})`);
  return ok;
}

const steps = gates[process.argv[2] ?? "all"];
if (!steps) {
  console.error(`unknown gate; one of: ${Object.keys(gates).join(", ")}`);
  process.exit(64);
}
const outcomes: string[] = [];
let failed = 0;
for (const step of steps) {
  const started = performance.now();
  const ok = await run(step);
  if (!ok) failed++;
  outcomes.push(
    `${ok ? "ok    " : "FAILED"} ${step.name} (${((performance.now() - started) / 1000).toFixed(1)} s)`,
  );
}
console.log(`\n${outcomes.join("\n")}`);
process.exit(failed ? 1 : 0);
