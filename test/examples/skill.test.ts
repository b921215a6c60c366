/** The skill for agents: its commands do what its text says, against a real server. */
import { afterAll, expect, test } from "bun:test";
import { copyFileSync, cpSync, existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse } from "yaml";
import { refusals } from "../../src/errors.ts";
import { loadSharp } from "../../src/images/sharp.ts";
import { patience, playground } from "../playground/browser.ts";

const source = join(import.meta.dir, "../../examples/skills/easel");
const folder = mkdtempSync(join(tmpdir(), "easel-skill-"));
afterAll(() => rmSync(folder, { recursive: true }));
cpSync(source, folder, { recursive: true });
copyFileSync(join(import.meta.dir, "../../examples/thumbs/street.jpg"), join(folder, "photo.jpg"));

const token = "a skill's token of length";
const { site } = playground();
// No test downloads a model.
const server = site({ auth_token: token, allow_activation: false });
const text = readFileSync(join(source, "SKILL.md"), "utf8");
const commands = [...text.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].flatMap(([, block]) =>
  block!.trim().split("\n"),
);

async function ran(command: string, env: Record<string, string> = {}) {
  const { url } = await server;
  const child = Bun.spawn(["sh", "-c", command], {
    cwd: folder,
    env: { ...process.env, EASEL_URL: url.replace(/\/$/, ""), EASEL_AUTH_TOKEN: token, ...env },
    stdout: "pipe",
    stderr: "pipe",
  });
  const [out, err, code] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  return { out, err, code };
}

test("its head is that of a skill: a name as its folder, and a description of when to use it", () => {
  const head = parse(/^---\n([\s\S]*?)\n---\n/.exec(text)![1]!) as Record<string, string>;
  expect(head.name).toBe("easel");
  expect(head.description!.length).toBeLessThan(1024);
  expect(head.compatibility!.length).toBeLessThan(500);
  expect(text.split("\n").length).toBeLessThan(500);
});

test("the codes that it explains are codes of the server", () => {
  const named = [...text.matchAll(/^\| (`\w+`[^|]*) \|/gm)].flatMap(([, cell]) =>
    [...cell!.matchAll(/`(\w+)`/g)].map(([, code]) => code!),
  );
  expect(named.length).toBeGreaterThan(10);
  expect(named.filter((code) => !(code in refusals))).toEqual([]);
});

test(
  "every command of its text runs, with the ids of real jobs and files",
  async () => {
    let job = "";
    let file = "";
    const done: string[] = [];
    for (const command of commands) {
      const real = command.replace(/job_0123/, job).replace(/file_0123/, file);
      const { out, err, code } = await ran(real);
      const [, verb] = /easel\.py (\w+)/.exec(command) ?? ["", "curl"];
      done.push(verb!);
      if (verb === "cancel") expect([code, err]).toEqual([1, expect.stringContaining("job_finished: ")]);
      else if (verb === "install")
        expect([code, err]).toEqual([1, expect.stringContaining("activation_disabled: ")]);
      else expect([command, code, err.includes("error")]).toEqual([command, 0, false]);
      job = /^job_\w+/.exec(out)?.[0] ?? job;
      if (verb === "run") {
        const answer = await fetch(new URL(`/v1/jobs/${job}`, (await server).url), {
          headers: { authorization: `Bearer ${token}` },
        });
        file = ((await answer.json()) as { artifacts: string[] }).artifacts[0]!;
      }
    }
    expect([...new Set(done)]).toEqual(["curl", "models", "run", "wait", "cancel", "preview", "install"]);
    const { width } = await loadSharp()(join(folder, "photo.jpg")).metadata();
    expect((await loadSharp()(join(folder, "depth.png")).metadata()).width).toBe(width);
    expect((await loadSharp()(join(folder, "large.png")).metadata()).width).toBeGreaterThan(width);
    expect((await loadSharp()(join(folder, "preview.webp")).metadata()).format).toBe("webp");
    expect(existsSync(join(folder, "picture.png"))).toBe(true);
  },
  patience,
);

test(
  "a refusal ends with its code, and a misspelt field is named",
  async () => {
    const script = "python3 scripts/easel.py";
    const cases: [command: string, words: string][] = [
      ["run depthpro/estimate --picture image=photo.jpg", "not_activated: "],
      ["run depthanything/estimate --set image=photo.jpg", "invalid_request: "],
      ["run depthanything/estimate --picture image=absent.jpg", "absent.jpg cannot be read"],
      ["run depthanything/estimate --picture image", "write it as NAME=VALUE"],
      ["install depthpro/base", "activation_disabled: "],
      ["wait job_0123", "job_not_found: "],
    ];
    for (const [command, words] of cases) {
      const { err, code } = await ran(`${script} ${command}`);
      expect([command, code, err]).toEqual([command, 1, expect.stringContaining(words)]);
      expect(err).not.toContain("Traceback");
    }
    const misspelt = await ran(
      `${script} run depthanything/estimate --picture image=photo.jpg --set colour_map=turbo`,
    );
    expect([misspelt.code, misspelt.err]).toEqual([0, expect.stringContaining("ignored: colour_map")]);
    const nowhere = await ran(`${script} models`, { EASEL_URL: "http://127.0.0.1:9" });
    expect(nowhere.err).toMatch(/^error: no server at .*easel run\n$/);
  },
  patience,
);
