/**
 * Lighthouse's marks. It is not a dependency: `npx` fetches it for this bench alone.
 *
 * @module
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { executablePath, type Screen } from "./browser.ts";

export const categories = ["performance", "accessibility", "best-practices", "seo"] as const;
export type Marks = Record<(typeof categories)[number], number>;

interface Report {
  categories: Record<string, { score: number | null; auditRefs: { id: string; weight: number }[] }>;
  audits: Record<string, { title: string; score: number | null; displayValue?: string }>;
}

/** From 0 to 100, with the audits of these categories that did not pass. */
export async function lighthouse(address: string, screen: Screen): Promise<{ marks: Marks; lost: string[] }> {
  const folder = mkdtempSync(join(tmpdir(), "easel-bench-lighthouse-"));
  try {
    const file = join(folder, "report.json");
    const child = Bun.spawn(
      [
        ...["npx", "-y", "lighthouse@12.8.2", address, "--quiet", "--output=json", `--output-path=${file}`],
        `--only-categories=${categories.join(",")}`,
        "--chrome-flags=--headless=new --no-sandbox --disable-gpu",
        ...(screen === "desktop" ? ["--preset=desktop"] : []),
      ],
      { env: { ...process.env, CHROME_PATH: executablePath! }, stdout: "ignore", stderr: "pipe" },
    );
    const [words, code] = await Promise.all([new Response(child.stderr).text(), child.exited]);
    if (code !== 0) throw new Error(`Lighthouse ended with ${code}: ${words.slice(-500)}`);
    const report = (await Bun.file(file).json()) as Report;
    const lost = categories.flatMap((name) =>
      report.categories[name]!.auditRefs.filter(({ id, weight }) => {
        const score = report.audits[id]!.score;
        return weight > 0 && score !== null && score < 0.9;
      }).map(({ id }) => {
        const { title, displayValue } = report.audits[id]!;
        return `${name}: ${title}${displayValue ? ` (${displayValue})` : ""}`;
      }),
    );
    const marks = Object.fromEntries(
      categories.map((name) => [name, Math.round((report.categories[name]!.score ?? 0) * 100)]),
    ) as Marks;
    return { marks, lost };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
