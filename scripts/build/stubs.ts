/**
 * Text stubs of macOS's own libraries, for a linker on another system. They hold what MLX's library itself imports: it is built for
 * macOS 14 and imports these strongly, so macOS 14 has them. What the shim needs beyond that fails to link, which is the check.
 *
 * @module
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { readMachO } from "./macho.ts";

const libcxx = "/usr/lib/libc++.1.dylib";
const libSystem = "/usr/lib/libSystem.B.dylib";

/** Looked up in the list of macOS 14.0's SDK; strerror is as old as C, setenv as old as POSIX. */
const beyond = {
  [libcxx]: ["__ZNSt3__19to_stringEx", "__ZTIi"],
  [libSystem]: ["dyld_stub_binder", "_setenv", "_strerror"],
};

/** Weak definitions in Apple's libc++, joined by name at run time: operators new and delete, and typeinfo of these exceptions. */
const weakOperator = /^__Z(nw|na|dl|da)/;
const weakTypeinfo =
  /^__ZT[IS]St(12length_error|12out_of_range|14overflow_error|16invalid_argument|12domain_error|11range_error|15underflow_error)$/;

/** Writes `libc++.tbd` and `libSystem.tbd` for what the dylib imports. */
export async function stubs(dylib: string, folder: string): Promise<void> {
  const found = imports(readFileSync(dylib));
  for (const [library, file] of [
    [libcxx, "libc++.tbd"],
    [libSystem, "libSystem.tbd"],
  ] as const) {
    const names = [...new Set([...(found.get(library) ?? []), ...beyond[library]])].sort();
    writeFileSync(join(folder, file), stub(library, names));
  }
}

function stub(library: string, names: readonly string[]): string {
  const isWeak = (name: string) => weakOperator.test(name) || weakTypeinfo.test(name);
  const list = (some: readonly string[]) => some.map((name) => `'${name}'`).join(", ");
  const weak = names.filter(isWeak);
  return [
    "--- !tapi-tbd",
    "tbd-version: 4",
    "targets: [ arm64-macos ]",
    `install-name: '${library}'`,
    "current-version: 1",
    "compatibility-version: 1",
    "exports:",
    "  - targets: [ arm64-macos ]",
    `    symbols: [ ${list(names.filter((name) => !isWeak(name)))} ]`,
    ...(weak.length ? [`    weak-symbols: [ ${list(weak)} ]`] : []),
    "...\n",
  ].join("\n");
}

/** The names that a Mach-O library takes from each other library. */
function imports(bytes: Uint8Array): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const { name, kind, weak, from = libcxx } of readMachO(bytes).symbols) {
    if (kind !== "import" || weak) continue;
    // without a library it is looked up anywhere: the weak definitions of libc++
    found.set(from, [...(found.get(from) ?? []), name]);
  }
  return found;
}
