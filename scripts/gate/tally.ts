/**
 * Keeps the outcome of every gate step and adds them up. Run by itself it prints `N passed, N failed`, the last line of a build.
 * A test counts as one; a step that is no test run, or that ended without a report, counts only when it failed.
 *
 * @module
 */
import { mkdir, readdir } from "node:fs/promises";
import { join } from "node:path";

const folder = join(import.meta.dir, "../../dist/results");

interface Outcome {
  passed: number;
  failed: number;
}

/** Counts of bun's JUnit report. */
export function counts(xml: string): Outcome {
  const suites = /<testsuites\b[^>]*>/.exec(xml)?.[0] ?? "";
  const number = (name: string) => Number(new RegExp(`\\b${name}="(\\d+)"`).exec(suites)?.[1] ?? 0);
  // bun writes no count of errors; a skipped test has not passed
  const failed = number("failures") + number("errors");
  return { passed: number("tests") - failed - number("skipped"), failed };
}

/** Writes down how a step went. */
export async function record(name: string, ok: boolean, report?: string): Promise<void> {
  const outcome: Outcome = { passed: 0, failed: 0 };
  if (report && (await Bun.file(report).exists()))
    Object.assign(outcome, counts(await Bun.file(report).text()));
  // those that failed passed on their second run
  if (ok) {
    outcome.passed += outcome.failed;
    outcome.failed = 0;
  }
  // a crash, or an error outside any test
  if (!ok && outcome.failed === 0) outcome.failed = 1;
  await mkdir(folder, { recursive: true });
  await Bun.write(join(folder, `${name.replaceAll(/\W+/g, "-")}.json`), JSON.stringify(outcome));
}

/** Adds up every step since the folder was emptied. */
export async function total(from = folder): Promise<Outcome> {
  const sum: Outcome = { passed: 0, failed: 0 };
  for (const name of await readdir(from).catch(() => []))
    if (name.endsWith(".json")) {
      const outcome = (await Bun.file(join(from, name)).json()) as Outcome;
      sum.passed += outcome.passed;
      sum.failed += outcome.failed;
    }
  return sum;
}

if (import.meta.main) {
  const { passed, failed } = await total();
  console.log(`${passed} passed, ${failed} failed`);
  process.exit(failed || !passed ? 1 : 0);
}
