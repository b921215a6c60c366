/**
 * Tests that failed once: they run a second time with the rest of their files, in a process of their own. A test that then passes does not
 * fail the gate, but it is named at its end, with what it said: it depends on something that it should not depend on.
 *
 * @module
 */
export interface FailedTest {
  file: string;
  /** With the names of the groups around it. */
  name: string;
  message: string;
}

/** More than so many are no accident. */
const most = 8;

const entities: Record<string, string> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };
const decoded = (text: string) =>
  text.replaceAll(/&(?:#(\d+)|#x([\da-f]+)|(\w+));/gi, (whole, decimal, hex, name) => {
    if (name) return entities[name] ?? whole;
    return String.fromCodePoint(decimal ? Number(decimal) : Number.parseInt(hex, 16));
  });
const attribute = (attributes: string, name: string) =>
  decoded(new RegExp(`\\b${name}="([^"]*)"`).exec(attributes)?.[1] ?? "");

/** The failed tests of bun's JUnit report. */
export function failedTests(xml: string): FailedTest[] {
  return [...xml.matchAll(/<testcase\b([^>]*[^>/])>([\s\S]*?)<\/testcase>/g)]
    .filter(([, , body]) => /<(?:failure|error)\b/.test(body!))
    .map(([, attributes, body]) => ({
      file: attribute(attributes!, "file"),
      name: [attribute(attributes!, "classname"), attribute(attributes!, "name")].filter(Boolean).join(" > "),
      message: attribute(/<(?:failure|error)\b([^>]*)>/.exec(body!)![1]!, "message"),
    }));
}

/** Whether bun counted errors outside of tests, such as a file that cannot be loaded. Its report does not have them. */
export const hasOtherErrors = (said: string): boolean =>
  /^\s*[1-9]\d* errors?\s*$/m.test(Bun.stripANSI(said));

/** The files that are worth a second run, or none. */
export const filesAgain = (failed: readonly FailedTest[]): string[] =>
  failed.length > most ? [] : [...new Set(failed.map(({ file }) => file).filter(Boolean))];

export const sentence = ({ file, name, message }: FailedTest): string =>
  `${file}: ${name}\n       ${message.trim().split("\n").filter(Boolean).join("\n       ")}`;
