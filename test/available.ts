/**
 * Says loudly which tests are skipped because this machine lacks a program. In continuous integration that is a failure.
 *
 * @module
 */
export function available(there: boolean, tests: string, remedy: string): boolean {
  if (there) return true;
  const message = `${tests} cannot run on this machine. ${remedy}`;
  if (process.env.CI && process.env.CI !== "false") throw new Error(message);
  console.error(`\n*** SKIPPED: ${message}\n`);
  return false;
}
