/**
 * The facts of a Linux machine.
 *
 * @module
 */
import type { Ask } from "./ask.ts";
import type { Section } from "./report.ts";

const value = (text: string, name: string) =>
  new RegExp(`^${name}\\s*[:=]\\s*"?(.*?)"?$`, "m").exec(text)?.[1] ?? null;

export interface LinuxFiles {
  osRelease: string;
  cpuinfo: string;
  meminfo: string;
}

/** Instruction sets that the kernels tell apart. */
const wanted = ["avx2", "fma", "avx512f", "amx_tile", "amx_bf16", "asimd"];

export async function linuxSystem(
  ask: Ask,
  release: string,
  arch: string,
  files: LinuxFiles,
): Promise<Section> {
  const libc = (await ask(["ldd", "--version"])).text.split("\n")[0] ?? "";
  const flags = new Set((value(files.cpuinfo, "flags") ?? value(files.cpuinfo, "Features") ?? "").split(" "));
  const kilobytes = Number.parseInt(value(files.meminfo, "MemTotal") ?? "", 10);
  const glibc = /(\d+)\.(\d+)$/.exec(libc);
  const old = glibc !== null && Number(glibc[1]) * 1000 + Number(glibc[2]) < 2035;
  const faults: string[] = [];
  if (/musl/i.test(libc)) faults.push("this system has musl; easel needs glibc 2.35 or newer");
  else if (old) faults.push(`easel needs glibc 2.35 or newer; this is ${glibc[0]}`);
  return {
    name: "System",
    facts: {
      system: value(files.osRelease, "PRETTY_NAME"),
      kernel: `${release} ${arch}`,
      "C library": libc || null,
      processor: value(files.cpuinfo, "model name") ?? value(files.cpuinfo, "CPU part"),
      "instruction sets": wanted.filter((name) => flags.has(name)).join(" ") || null,
      memory: Number.isNaN(kilobytes) ? null : `${(kilobytes / 1024 ** 2).toFixed(0)} GB`,
    },
    faults,
  };
}
