import { describe, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findShellcheck, shellFaults } from "../../../scripts/gate/shellcheck.ts";
import { knownLabels, scripts, stepScripts, workflowFaults } from "../../../scripts/gate/workflows.ts";

const workflow = (job: string) => `name: x\non: [push]\njobs:\n  one:\n${job}`;

describe("a workflow", () => {
  test("that names a runner nobody has is a fault; one that the configuration knows is none", async () => {
    const on = (runner: string) => workflow(`    runs-on: ${runner}\n    steps: [{ run: "true" }]\n`);
    expect(await workflowFaults("a.yml", on("macos-12"), knownLabels())).toEqual([
      expect.stringContaining('a.yml:5:14: label "macos-12" is unknown'),
    ]);
    expect(await workflowFaults("a.yml", on("macos-26"), knownLabels())).toEqual([]);
  });

  test("that puts a stranger's words into a command is a fault", async () => {
    const text = workflow(
      `    runs-on: ubuntu-24.04\n    steps:\n      - run: echo \${{ github.event.issue.title }}\n`,
    );
    expect(await workflowFaults("a.yml", text, [])).toEqual([
      expect.stringContaining("potentially untrusted"),
    ]);
  });

  test("that is no YAML is actionlint's to report", async () => {
    const text = "jobs:\n  - a: b: c\n";
    expect(await workflowFaults("a.yml", text, [])).not.toEqual([]);
    expect(stepScripts("a.yml", text)).toEqual([]);
  });

  test("gives the shell of each step, with expressions as words", () => {
    const text = workflow(
      `    runs-on: ubuntu-24.04\n    steps:\n      - uses: actions/checkout@v5\n      - name: Say\n        run: echo \${{ a.b }}\n      - run: ls\n        shell: sh\n`,
    );
    expect(stepScripts("a.yml", text)).toEqual([
      expect.objectContaining({
        name: "a.yml, job one, step Say",
        text: "set -e; echo __________",
        shell: "bash",
      }),
      expect.objectContaining({ name: "a.yml, job one, step 3", shell: "sh" }),
    ]);
  });
});

describe("a shell script", () => {
  test("of any folder is found, with the shell that it names", () => {
    const folder = mkdtempSync(join(tmpdir(), "easel-shell-"));
    try {
      mkdirSync(join(folder, ".ci"));
      mkdirSync(join(folder, "packaging/macos"), { recursive: true });
      writeFileSync(join(folder, ".ci/run"), "#!/usr/bin/env bash\n");
      writeFileSync(join(folder, "packaging/macos/a.sh"), "#!/bin/sh\n");
      writeFileSync(join(folder, "packaging/b.ts"), "");
      writeFileSync(join(folder, "packaging/sourced.sh"), "# shellcheck shell=bash\nhere=1\n");
      expect(scripts(folder).map(({ name, shell }) => [name, shell])).toEqual([
        [".ci/run", "bash"],
        ["packaging/macos/a.sh", "sh"],
        ["packaging/sourced.sh", "bash"],
      ]);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test("is reported with its line by a program that speaks as ShellCheck does", async () => {
    const folder = mkdtempSync(join(tmpdir(), "easel-shell-"));
    try {
      const fake = join(folder, "shellcheck");
      writeFileSync(fake, `#!/bin/sh\necho "-:2:6: note: Double quote [SC2086]"\nexit 1\n`, { mode: 0o755 });
      expect(await shellFaults(fake, { name: "a.sh", text: "x", shell: "sh" })).toEqual([
        "a.sh:2:6: note: Double quote [SC2086]",
      ]);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test("is left to the system's own ShellCheck, or to none, where the pinned one cannot be had", async () => {
    const folder = mkdtempSync(join(tmpdir(), "easel-shell-"));
    try {
      const requirements = join(folder, "requirements.txt");
      writeFileSync(requirements, `--no-index\nshellcheck-py==0.11.0.1 --hash=sha256:${"0".repeat(64)}\n`);
      const cache = join(folder, "cache");
      expect(await findShellcheck({ cache, requirements, path: folder })).toBeNull();
      writeFileSync(join(folder, "shellcheck"), "", { mode: 0o755 });
      expect(await findShellcheck({ cache, requirements, path: folder })).toBe(join(folder, "shellcheck"));
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
