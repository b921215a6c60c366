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
import { failedTests, filesAgain, hasOtherErrors, sentence } from "./unsteady.ts";

const root = join(import.meta.dir, "../..");
const bun = process.execPath;
const bin = (name: string) => join(root, "node_modules/.bin", name);

interface Step {
  name: string;
  command: string[];
  /** Its results are counted: their name, and the arguments that make it write them to a file. */
  tests?: {
    name: string;
    reportTo: (file: string) => string[];
    /** Runs only these files of tests: those that failed get a second run. */
    again?: (files: readonly string[]) => string[];
  };
}

const reportTo = (file: string) => ["--reporter=junit", `--reporter-outfile=${file}`];

/** Bun's test runner over what `where` names. */
const bunTests = (title: string, name: string, milliseconds: number, where: string): Step => {
  const runner = [bun, "test", `--timeout=${milliseconds}`];
  return {
    name: title,
    command: [...runner, where],
    tests: { name, reportTo, again: (files) => [...runner, ...files.map((file) => `./${file}`)] },
  };
};

const gates: Record<string, Step[]> = {
  all: [
    { name: "format and lint", command: [bin("biome"), "ci", "."] },
    { name: "workflows and shell scripts", command: [bun, "scripts/gate/workflows.ts"] },
    { name: "format of C++ and Python", command: [bun, "scripts/gate/format.ts"] },
    { name: "requirements files install", command: [bun, "scripts/gate/requirements.ts"] },
    { name: "types", command: [bin("tsc"), "--noEmit"] },
    { name: "native parts, C++ warnings as errors", command: [bun, "scripts/build/native.ts"] },
    bunTests("tests", "tests", 60_000, "--path-ignore-patterns=test/binary/**"),
  ],
  binary: [
    { name: "build", command: [bun, "build.ts"] },
    bunTests("binary tests", "binary", 120_000, "./test/binary"),
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

/** Characters of the output that hold bun's counts. */
const mostSaid = 4000;

const failures: string[] = [];
const unsteady: string[] = [];

interface Ended {
  /** The exit code, or the signal. */
  code: string | number;
  /** The last that tests wrote to standard error, where bun counts them. */
  said: string;
}

/** Shows the output as it comes. */
async function start(command: string[], tests?: Step["tests"], report = ""): Promise<Ended> {
  if (tests) {
    await mkdir(join(root, "dist/results"), { recursive: true });
    await rm(report, { force: true });
  }
  const child = Bun.spawn(tests ? [...command, ...tests.reportTo(report)] : command, {
    cwd: root,
    stdin: "ignore",
    stdout: "inherit",
    stderr: tests ? "pipe" : "inherit",
  });
  let said = "";
  const shown = (async () => {
    if (!child.stderr) return;
    for await (const text of child.stderr.pipeThrough(new TextDecoderStream())) {
      process.stderr.write(text);
      said = (said + text).slice(-mostSaid);
    }
  })();
  const code = await child.exited;
  // A process that a test left behind may keep the pipe open.
  await Promise.race([shown, Bun.sleep(5000)]);
  return { code: child.signalCode ?? code, said };
}

const read = async (report: string) =>
  (await Bun.file(report).exists()) ? await Bun.file(report).text() : "";

/** Gives the tests that failed a second run, and says whether all of them passed then. */
async function passAgain(tests: NonNullable<Step["tests"]>, report: string, said: string): Promise<boolean> {
  const failed = failedTests(await read(report));
  const files = tests.again && !hasOtherErrors(said) ? filesAgain(failed) : [];
  if (files.length > 0) {
    console.log(`\n== ${failed.length} failed; their files once more: ${files.join(" ")}`);
    const second = report.replace(/\.xml$/, "-again.xml");
    if ((await start(tests.again!(files), tests, second)).code === 0) {
      unsteady.push(...failed.map(sentence));
      return true;
    }
  }
  failures.push(...failed.map(sentence));
  return false;
}

/** Runs a step and says whether it succeeded. */
async function run({ name, command, tests }: Step): Promise<boolean> {
  console.log(`\n== ${name}`);
  const report = join(root, "dist/results", `${tests?.name}.xml`);
  const { code, said } = await start(command, tests, report);
  const ok = code === 0 || (tests !== undefined && (await passAgain(tests, report, said)));
  await record(tests?.name ?? name, ok, tests && report);
  if (!ok) console.log(`== ${name}: failed (exit ${code})`);
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
for (const test of failures) console.log(`failed ${test}`);
for (const test of unsteady) console.log(`failed once, passed on a second run ${test}`);
process.exit(failed ? 1 : 0);
