/**
 * The page of `easel doctor`: sections of facts, and faults.
 *
 * @module
 */

/** A fact that is null could not be found out. */
export type Fact = string | number | boolean | null | readonly string[];

export interface Section {
  name: string;
  facts: Readonly<Record<string, Fact>>;
  /** Each a sentence that names the remedy. */
  faults: readonly string[];
}

export interface Report {
  easel: string;
  ok: boolean;
  faults: readonly string[];
  sections: Readonly<Record<string, Readonly<Record<string, Fact>>>>;
}

export function reportOf(easel: string, sections: readonly Section[]): Report {
  const faults = sections.flatMap((section) => section.faults);
  return {
    easel,
    ok: faults.length === 0,
    faults,
    sections: Object.fromEntries(sections.map(({ name, facts }) => [name, facts])),
  };
}

const words = (fact: Exclude<Fact, readonly string[]>): string =>
  fact === null ? "unknown" : typeof fact === "boolean" ? (fact ? "yes" : "no") : String(fact);

/** The report as lines for people: sections, then faults. */
export function reportText({ easel, faults, sections }: Report): string {
  const lines = [`easel doctor ${easel}`];
  for (const [name, facts] of Object.entries(sections)) {
    lines.push("", name);
    const width = Math.max(0, ...Object.keys(facts).map((key) => key.length));
    for (const [key, fact] of Object.entries(facts)) {
      if (typeof fact !== "object" || fact === null)
        lines.push(`  ${key.padEnd(width)}  ${words(fact as Exclude<Fact, readonly string[]>)}`);
      else lines.push(`  ${key}`, ...(fact.length > 0 ? fact : ["none"]).map((line) => `    ${line}`));
    }
  }
  lines.push("", faults.length === 0 ? "Nothing is wrong." : "Faults");
  for (const fault of faults) lines.push(`  ${fault.replaceAll("\n", "\n  ")}`);
  return lines.join("\n");
}
