/**
 * The facts of a Mac and of the running binary, from `sw_vers`, `sysctl`, `launchctl`, `codesign` and `xattr`.
 *
 * @module
 */
import { systemFault } from "../system.ts";
import type { Ask } from "./ask.ts";
import type { Section } from "./report.ts";

/** Lines of `name: value`, by name. */
export function fields(text: string): Record<string, string> {
  const found = [...text.matchAll(/^([\w. ]+?)\s*[:=]\s*(.*)$/gm)];
  return Object.fromEntries(found.map(([, name, value]) => [name!, value!.trim()]));
}

const gb = (bytes: string | undefined) =>
  bytes === undefined ? null : `${(Number(bytes) / 1024 ** 3).toFixed(0)} GB`;

export async function macSystem(
  ask: Ask,
  release: string,
  env: Readonly<Record<string, string | undefined>>,
): Promise<Section> {
  const version = fields((await ask(["sw_vers"])).text);
  const names = [
    "hw.model",
    "hw.memsize",
    "machdep.cpu.brand_string",
    "iogpu.wired_limit_mb",
    "sysctl.proc_translated",
  ];
  // one by one: a name that this Mac does not know would hide the others
  const values = Object.assign(
    {},
    ...(await Promise.all(names.map(async (name) => fields((await ask(["sysctl", name])).text)))),
  ) as Record<string, string>;
  const session = (await ask(["launchctl", "managername"])).text || null;
  const ssh = env.SSH_CONNECTION !== undefined;
  const faults: string[] = [];
  const old = systemFault({ platform: "darwin", release });
  if (old) faults.push(old);
  if (values["sysctl.proc_translated"] === "1")
    faults.push("this program runs under Rosetta; easel is made for Apple silicon itself");
  return {
    name: "System",
    facts: {
      system:
        [version.ProductName, version.ProductVersion, version.BuildVersion && `(${version.BuildVersion})`]
          .filter(Boolean)
          .join(" ") || null,
      kernel: release,
      chip: values["machdep.cpu.brand_string"] ?? null,
      model: values["hw.model"] ?? null,
      memory: gb(values["hw.memsize"]),
      "limit of wired GPU memory":
        values["iogpu.wired_limit_mb"] === "0"
          ? "the system's own"
          : (values["iogpu.wired_limit_mb"] ?? null),
      // Aqua: at the screen. Others may have no GPU.
      session: session === null ? null : `${session}${ssh ? ", over ssh" : ""}`,
    },
    faults,
  };
}

export interface Signature {
  kind: string;
  hardened: boolean;
  authority: string | null;
}

/** Reads what `codesign -dvv` prints. */
export function readSignature(text: string): Signature | null {
  const flags = /^CodeDirectory .*flags=0x[0-9a-f]+\(([^)]*)\)/m.exec(text)?.[1];
  if (flags === undefined) return null;
  const authority = /^Authority=(.*)$/m.exec(text)?.[1] ?? null;
  return {
    kind: flags.split(",").includes("adhoc") ? "ad hoc" : (authority ?? "unknown"),
    hardened: flags.split(",").includes("runtime"),
    authority,
  };
}

export async function macBinary(ask: Ask, executable: string): Promise<Section> {
  const [shown, verified, mark] = await Promise.all([
    ask(["codesign", "-dvv", executable]),
    ask(["codesign", "--verify", "--strict", executable]),
    ask(["xattr", "-p", "com.apple.quarantine", executable]),
  ]);
  const signature = readSignature(shown.text);
  const faults: string[] = [];
  if (!verified.ok)
    faults.push(
      `the binary's signature is not valid, and macOS may end it: ${verified.text || "codesign did not answer"}`,
    );
  if (mark.ok)
    faults.push(
      "the binary carries the quarantine mark of a download; take it away with: xattr -d com.apple.quarantine FILE",
    );
  return {
    name: "Binary",
    facts: {
      signature: signature?.kind ?? null,
      "hardened runtime": signature?.hardened ?? null,
      "signature is valid": verified.ok,
      // flags;time;program;id
      quarantine: mark.ok ? `set by ${mark.text.split(";")[2] || "an unknown program"}` : "none",
    },
    faults,
  };
}
