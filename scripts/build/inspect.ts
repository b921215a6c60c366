/**
 * Reads what a shared library asks of the loader, from ELF and Mach-O files alike, so that a build can refuse one that would only
 * work on this machine.
 *
 * @module
 */

import { machFaults, machMagic, readMachO } from "./macho.ts";

export interface Links {
  needed: string[];
  searched: string[];
}

function linksOf(bytes: Uint8Array): Links {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const magic = view.getUint32(0, true);
  if (magic === 0x464c457f) return elf(bytes, view);
  if (magic === machMagic) {
    const { dylibs, rpaths } = readMachO(bytes);
    return { needed: dylibs, searched: rpaths };
  }
  throw new Error("neither an ELF nor a Mach-O library of 64 bits");
}

function textAt(bytes: Uint8Array, offset: number): string {
  return new TextDecoder().decode(bytes.subarray(offset, bytes.indexOf(0, offset)));
}

function elf(bytes: Uint8Array, view: DataView): Links {
  const long = (at: number) => Number(view.getBigUint64(at, true));
  const table = long(32);
  const segments = Array.from({ length: view.getUint16(56, true) }, (_, i) => {
    const at = table + i * view.getUint16(54, true);
    return {
      type: view.getUint32(at, true),
      offset: long(at + 8),
      address: long(at + 16),
      size: long(at + 32),
    };
  });
  const dynamic = segments.find(({ type }) => type === 2);
  const links: Links = { needed: [], searched: [] };
  if (!dynamic) return links;
  const entries = Array.from({ length: dynamic.size / 16 }, (_, i) => ({
    tag: long(dynamic.offset + i * 16),
    value: long(dynamic.offset + i * 16 + 8),
  }));
  const address = entries.find(({ tag }) => tag === 5)!.value;
  const holder = segments.find(
    ({ type, address: start, size }) => type === 1 && address >= start && address < start + size,
  )!;
  const strings = address - holder.address + holder.offset;
  for (const { tag, value } of entries) {
    if (tag === 0) break;
    if (tag === 1) links.needed.push(textAt(bytes, strings + value));
    if (tag === 15 || tag === 29) links.searched.push(...textAt(bytes, strings + value).split(":"));
  }
  return links;
}

const system =
  /^(lib(c|m|resolv|dl|rt|pthread|stdc\+\+|gcc_s)\.so\.\d+|ld-linux-[\w-]+\.so\.\d+|\/usr\/lib\/.*|\/System\/.*)$/;

/** Everything wrong with libraries of one folder: what they miss, and folders of the machine that made them. */
export function faults(files: Readonly<Record<string, Uint8Array>>, newest = 14): string[] {
  const names = new Set(Object.keys(files).map((name) => name.split("/").at(-1)!));
  const libraries = Object.entries(files).filter(([name]) => /\.(so|dylib|node)(\.|$)/.test(name));
  return [
    ...macFaults(libraries, newest),
    ...libraries.flatMap(([name, bytes]) => {
      const { needed, searched } = linksOf(bytes);
      const missing = needed.filter(
        (library) =>
          !system.test(library) &&
          !names.has(
            library
              .replace(/^@(rpath|loader_path)\//, "")
              .split("/")
              .at(-1)!,
          ),
      );
      const absolute = searched.filter((folder) => !/^(\$ORIGIN|@loader_path)/.test(folder));
      return [
        ...missing.map(
          (library) => `${name} needs ${library}, which is neither packed nor part of the system`,
        ),
        ...absolute.map((folder) => `${name} searches ${folder}, which is not beside it`),
      ];
    }),
  ];
}

/** What only macOS looks at: signatures, and whether a library beside another one has what that takes from it. */
function macFaults(libraries: readonly (readonly [string, Uint8Array])[], newest: number): string[] {
  const macs = libraries.filter(
    ([, bytes]) => new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true) === machMagic,
  );
  const files = macs.map(([name, bytes]) => ({ name, bytes, ...readMachO(bytes) }));
  const exported = new Map(
    files.map(({ name, symbols }) => [
      name.split("/").at(-1)!,
      new Set(symbols.filter(({ kind }) => kind === "export").map((symbol) => symbol.name)),
    ]),
  );
  return files.flatMap(({ name, bytes, symbols }) => [
    ...machFaults(bytes, newest).map((fault) => `${name} ${fault}`),
    ...symbols
      .filter(({ kind, weak }) => kind === "import" && !weak)
      .filter((symbol) => exported.get(symbol.from?.split("/").at(-1) ?? "")?.has(symbol.name) === false)
      .map((symbol) => `${name} takes ${symbol.name} from ${symbol.from}, which has none`),
  ]);
}
