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

/** A PATH that begins with programs of the given text. */
function standIns(programs: Record<string, string>): string {
  const bin = join(folder, "stand-ins");
  mkdirSync(bin, { recursive: true });
  for (const [name, text] of Object.entries(programs)) {
    writeFileSync(join(bin, name), `#!/bin/sh\n${text}\n`);
    chmodSync(join(bin, name), 0o755);
  }
  return `${bin}:${process.env.PATH}`;
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

describe("the formula on a Mac", () => {
  const sum = "a".repeat(64);
  const checksums = new Map(targets.map((target) => [archiveName("1.2.3", target), sum]));
  const text = formula({ version: "1.2.3", base: "https://example.org", checksums, homepage: "" });
  const mac = text.slice(text.indexOf("on_macos"), text.indexOf("on_linux"));

  test("has an address for Intel, too, so that brew comes to the line that asks for Apple silicon", () => {
    expect(mac).toContain("depends_on arch: :arm64");
    expect(mac.slice(mac.indexOf("on_intel"))).toContain(
      `url "https://example.org/easel-1.2.3-darwin-arm64.tar.gz"`,
    );
  });

  test("starts the service as interactive, which macOS does not throttle", () => {
    expect(text).toContain("process_type :interactive");
  });
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
  const install = (server: { url: URL }, ...args: string[]) => installAs(process.env.PATH!, server, ...args);
  const installAs = async (path: string, server: { url: URL }, ...args: string[]) => {
    const child = Bun.spawn(["sh", join(root, "packaging/install.sh"), ...args], {
      env: {
        PATH: path,
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

  /** A PATH on which the programs of a Mac come first. */
  const macPath = (answers: { arm64: string; macos: string }) =>
    standIns({
      uname: `[ "$1" = -m ] && echo x86_64 || echo Darwin`,
      sysctl: `echo ${answers.arm64}`,
      sw_vers: `echo ${answers.macos}`,
      shasum: `shift 2; exec sha256sum "$@"`,
      xattr: `echo "xattr $*" >> "$HOME/calls"`,
    });

  test("installs on a Mac, and takes a browser's quarantine mark away", async () => {
    makeRelease();
    using server = serve(join(folder, "release"));
    const { exitCode, text } = await installAs(macPath({ arm64: "1", macos: "14.7" }), server);
    expect(text).toContain("Installed easel 1.2.3");
    expect(exitCode).toBe(0);
    expect(run([join(folder, "installed/easel")]).text.trim()).toBe("darwin-arm64");
    expect(readFileSync(join(folder, "calls"), "utf8")).toBe("xattr -d com.apple.quarantine easel\n");
  });

  test("says what an Intel Mac or an old macOS lacks, and installs nothing", async () => {
    makeRelease();
    using server = serve(join(folder, "release"));
    const intel = await installAs(macPath({ arm64: "", macos: "15.1" }), server);
    expect(intel).toMatchObject({ exitCode: 1 });
    expect(intel.text).toContain("needs a Mac with Apple silicon");
    const ventura = await installAs(macPath({ arm64: "1", macos: "13.6.4" }), server);
    expect(ventura).toMatchObject({ exitCode: 1 });
    expect(ventura.text).toContain("needs macOS 14 or newer; this is macOS 13.6.4");
    expect(existsSync(join(folder, "installed"))).toBe(false);
  });

  test("says which release is not there", async () => {
    using server = serve(folder);
    const { exitCode, text } = await install(server, "9.9.9");
    expect(exitCode).toBe(1);
    expect(text).toContain("cannot download easel-9.9.9");
  });
});

describe("sign.sh", () => {
  const secrets = {
    SIGNING_CERTIFICATE: Buffer.from("the certificate").toString("base64"),
    SIGNING_CERTIFICATE_PASSWORD: "secret",
    NOTARY_KEY: Buffer.from("the key").toString("base64"),
    NOTARY_KEY_ID: "KEY",
    NOTARY_ISSUER: "ISSUER",
  };
  const note = (extra = "") => `echo "$(basename "$0") $*" >> "$HOME/calls"\n${extra}`;
  const identity = '  1) 0123 "Developer ID Application: Example (TEAM)"';

  /** Signs a stand-in for the binary, with stand-ins for what a Mac has and for the smoke test. */
  function sign(env: Record<string, string>, { identities = identity, verdict = "Accepted" } = {}) {
    const scripts = join(folder, "macos");
    mkdirSync(scripts, { recursive: true });
    writeFileSync(join(scripts, "sign.sh"), readFileSync(join(root, "packaging/macos/sign.sh")));
    writeFileSync(join(scripts, "smoke.sh"), note());
    writeFileSync(join(folder, "easel"), "");
    const path = standIns({
      security: note(
        `[ "$1" != find-identity ] || cat <<'END'\n${identities}\nEND\n[ "$*" != "list-keychains -d user" ] || echo '    "/Users/me/Library/login.keychain-db"'`,
      ),
      codesign: note(),
      ditto: note(),
      uuidgen: "echo ONE-TIME",
      xcrun: note(`echo "  status: ${verdict}"`),
    });
    const made = run(["sh", join(scripts, "sign.sh"), join(folder, "easel")], { PATH: path, ...env });
    const calls = readFileSync(join(folder, "calls"), "utf8").trimEnd().split("\n");
    return { ...made, calls: calls.map((call) => call.replaceAll(/\S*\/(?=[^/ ]+)/g, "")) };
  }

  test("keeps the ad hoc signature without secrets, and says so", () => {
    const { exitCode, text, calls } = sign({});
    expect(exitCode).toBe(0);
    expect(calls).toEqual(["codesign --verify --strict --verbose=2 easel", "smoke.sh easel"]);
    expect(text).toContain("SIGNING_CERTIFICATE is not set");
    expect(text).toContain("not notarized");
  });

  test("signs out of a keychain of its own, which it removes, and notarizes", () => {
    const { exitCode, calls } = sign(secrets);
    expect(exitCode).toBe(0);
    expect(calls.map((call) => call.split(" ").slice(0, 2).join(" "))).toEqual([
      "security create-keychain",
      "security set-keychain-settings",
      "security unlock-keychain",
      "security list-keychains",
      "security list-keychains",
      "security import",
      "security set-key-partition-list",
      "security find-identity",
      "codesign --force",
      "codesign --verify",
      "smoke.sh easel",
      "ditto -c",
      "xcrun notarytool",
      "security delete-keychain",
    ]);
    // the person's own keychain stays in the search
    expect(calls[4]).toBe("security list-keychains -d user -s signing.keychain-db login.keychain-db");
    expect(calls[8]).toContain("--options runtime --entitlements entitlements.plist");
    expect(calls[8]).toContain("--sign Developer ID Application: Example (TEAM)");
  });

  test("fails when the certificate holds no identity, or when Apple refuses", () => {
    const none = sign(secrets, { identities: "     0 valid identities found" });
    expect(none.exitCode).toBe(1);
    expect(none.text).toContain("holds no Developer ID Application identity");
    expect(none.calls.at(-1)).toContain("security delete-keychain");
    const refused = sign(secrets, { verdict: "Invalid" });
    expect(refused.exitCode).toBe(1);
    expect(refused.text).toContain("Apple did not accept the binary");
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
