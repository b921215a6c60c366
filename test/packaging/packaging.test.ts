import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { archiveName, formula, readChecksums } from "../../packaging/formula.ts";
import { billOfMaterials, npmComponents, wheelComponents } from "../../packaging/sbom.ts";

const root = join(import.meta.dir, "../..");
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "easel-packaging-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const targets = ["linux-x64", "linux-arm64", "darwin-arm64"];

function run(command: string[], env: Record<string, string> = {}) {
  const { exitCode, stdout, stderr } = Bun.spawnSync(command, {
    cwd: root,
    env: { PATH: process.env.PATH!, HOME: folder, ...env },
  });
  return { exitCode, text: `${stdout}${stderr}` };
}

/** The archives of a release with a stand-in for the binary, which is all that the packing looks at. */
function makeRelease(): string {
  const binaries = join(folder, "bin");
  mkdirSync(binaries);
  for (const target of targets) {
    writeFileSync(join(binaries, `easel-${target}`), `#!/bin/sh\necho ${target}\n`);
    chmodSync(join(binaries, `easel-${target}`), 0o755);
  }
  const out = join(folder, "release/download/v1.2.3");
  const { exitCode, text } = run(["sh", "packaging/archives.sh", "1.2.3", binaries, out]);
  expect(text).toBe("");
  expect(exitCode).toBe(0);
  return out;
}

describe("archives.sh", () => {
  test("packs every target with its licences, the same bytes each time", () => {
    const out = makeRelease();
    const first = readFileSync(join(out, "SHA256SUMS"), "utf8");
    expect([...readChecksums(first).keys()].sort()).toEqual(
      targets.map((target) => archiveName("1.2.3", target)).sort(),
    );
    const { text } = run(["tar", "-tzf", join(out, archiveName("1.2.3", "linux-x64"))]);
    expect(text).toContain("./easel");
    expect(text).toContain("./NOTICE");
    run(["sh", "packaging/archives.sh", "1.2.3", join(folder, "bin"), join(folder, "again")]);
    expect(readFileSync(join(folder, "again/SHA256SUMS"), "utf8")).toBe(first);
  });

  test("refuses a release that lacks a target", () => {
    mkdirSync(join(folder, "bin"));
    const { exitCode, text } = run([
      "sh",
      "packaging/archives.sh",
      "1",
      join(folder, "bin"),
      join(folder, "out"),
    ]);
    expect(exitCode).toBe(1);
    expect(text).toContain("easel-linux-x64 is missing");
  });
});

test("formula() names each archive with its checksum", () => {
  const sums = readChecksums(readFileSync(join(makeRelease(), "SHA256SUMS"), "utf8"));
  const release = { version: "1.2.3", base: "https://example.org/v1.2.3", checksums: sums };
  const text = formula({ ...release, homepage: "https://example.org" });
  for (const target of targets) {
    const name = archiveName("1.2.3", target);
    expect(text).toContain(`url "https://example.org/v1.2.3/${name}"\n      sha256 "${sums.get(name)}"`);
  }
  expect(() => formula({ ...release, homepage: "", checksums: new Map() })).toThrow("No checksum");
});

describe("install.sh", () => {
  const serve = (files: string) =>
    Bun.serve({
      port: 0,
      hostname: "127.0.0.1",
      async fetch(request) {
        const path = new URL(request.url).pathname.replace("/latest/download/", "/download/v1.2.3/");
        const file = Bun.file(join(files, path));
        return (await file.exists()) ? new Response(file) : new Response("no", { status: 404 });
      },
    });
  const install = async (server: { url: URL }, ...args: string[]) => {
    const child = Bun.spawn(["sh", join(root, "packaging/install.sh"), ...args], {
      env: {
        PATH: process.env.PATH!,
        HOME: folder,
        EASEL_RELEASES: server.url.href.replace(/\/$/, ""),
        EASEL_INSTALL_DIR: join(folder, "installed"),
      },
      stdout: "pipe",
      stderr: "pipe",
    });
    const text = (await new Response(child.stdout).text()) + (await new Response(child.stderr).text());
    return { exitCode: await child.exited, text };
  };

  test("installs the newest release after checking its hash", async () => {
    makeRelease();
    using server = serve(join(folder, "release"));
    const { exitCode, text } = await install(server);
    expect(text).toContain("Installed easel 1.2.3");
    expect(exitCode).toBe(0);
    const { text: said } = run([join(folder, "installed/easel")]);
    expect(said.trim()).toBe(process.arch === "arm64" ? "linux-arm64" : "linux-x64");
  });

  test("installs nothing when the hash is wrong", async () => {
    const out = makeRelease();
    const sums = readFileSync(join(out, "SHA256SUMS"), "utf8");
    writeFileSync(join(out, "SHA256SUMS"), sums.replaceAll(/^[0-9a-f]{64}/gm, "0".repeat(64)));
    using server = serve(join(folder, "release"));
    const { exitCode, text } = await install(server, "1.2.3");
    expect(exitCode).not.toBe(0);
    expect(text).toContain("does not have the published hash");
    expect(existsSync(join(folder, "installed/easel"))).toBe(false);
  });

  test("installs nothing of a download that broke off", async () => {
    const out = makeRelease();
    const whole = readFileSync(
      join(out, archiveName("1.2.3", process.arch === "arm64" ? "linux-arm64" : "linux-x64")),
    );
    using server = Bun.serve({
      port: 0,
      hostname: "127.0.0.1",
      fetch(request) {
        if (!request.url.endsWith(".tar.gz"))
          return new Response(Bun.file(join(out, request.url.split("/").at(-1)!)));
        const body = new ReadableStream({
          async start(controller) {
            controller.enqueue(whole.subarray(0, whole.length >> 1));
            await Bun.sleep(50);
            controller.error(new Error("cut"));
          },
        });
        return new Response(body, { headers: { "content-length": String(whole.length) } });
      },
    });
    const { exitCode, text } = await install(server, "1.2.3");
    expect(exitCode).toBe(1);
    expect(text).toContain("cannot download easel-1.2.3");
    expect(existsSync(join(folder, "installed"))).toBe(false);
  });

  test("keeps the old binary, and says what to do, where it cannot write", async () => {
    makeRelease();
    writeFileSync(join(folder, "installed"), "a file where a folder should be");
    using server = serve(join(folder, "release"));
    const { exitCode, text } = await install(server, "1.2.3");
    expect(exitCode).toBe(1);
    expect(text).toContain("set EASEL_INSTALL_DIR to a folder of yours");
    expect(readFileSync(join(folder, "installed"), "utf8")).toStartWith("a file");
  });

  test("says which release is not there", async () => {
    using server = serve(folder);
    const { exitCode, text } = await install(server, "9.9.9");
    expect(exitCode).toBe(1);
    expect(text).toContain("cannot download easel-9.9.9");
  });
});

describe("the bill of materials", () => {
  test("follows what the program imports, and nothing else", () => {
    const lock: Parameters<typeof npmComponents>[0] = {
      packages: {
        a: ["a@1.0.0", "", { dependencies: { b: "^1" } }, `sha512-${Buffer.from("x").toString("base64")}`],
        b: ["b@1.0.0", "", {}],
        "a/b": ["b@2.0.0", "", { dependencies: { a: "*" } }],
        unused: ["unused@1.0.0", "", {}],
        "@scope/c": ["@scope/c@3.0.0", "", {}],
      },
    };
    const found = npmComponents(lock, ["a", "@scope/c"]);
    expect(found.map(({ purl }) => purl)).toEqual([
      "pkg:npm/%40scope/c@3.0.0",
      "pkg:npm/a@1.0.0",
      "pkg:npm/b@2.0.0",
    ]);
    expect(found[1]!.hashes![0]!.content).toBe("78");
  });

  test("names what every target carries, and nothing of another system", async () => {
    const { components } = await billOfMaterials(root);
    const names = components.map(({ name }) => name);
    const native = targets.flatMap((target) => [`@img/sharp-${target}`, `@img/sharp-libvips-${target}`]);
    for (const name of ["bun", "mlx-cpu", "mlx-metal", "hono", "three", "@scalar/api-reference", ...native])
      expect(names).toContain(name);
    expect(names.filter((name) => name.startsWith("@img/sharp-")).sort()).toEqual(native.sort());
    expect(names).not.toContain("ziglang");
    expect(names).not.toContain("typescript");
  });

  test("names each wheel with the hashes that are pinned", () => {
    const text = `# comment\nmlx-cpu==0.32.4 --hash=sha256:${"1".repeat(64)} \\\n    --hash=sha256:${"2".repeat(64)}\n`;
    const [wheel] = wheelComponents(text);
    expect(wheel).toMatchObject({ name: "mlx-cpu", version: "0.32.4" });
    expect(wheel!.hashes!.map(({ content }) => content[0])).toEqual(["1", "2"]);
  });
});
