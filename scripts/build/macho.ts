/**
 * Reads Mach-O files of arm64 and looks at them as macOS will: what they load, for which system they are, and whether every page has
 * the hash that the signature names. macOS kills a program whose pages do not, and nothing on another system would notice.
 *
 * @module
 */
import { createHash } from "node:crypto";

export interface MachO {
  type: "executable" | "dylib" | "bundle";
  /** The oldest macOS that it names, such as "14.0". */
  minimum: string | undefined;
  dylibs: string[];
  rpaths: string[];
  segments: Segment[];
  symbols: Name[];
  signature: { offset: number; size: number } | undefined;
}

interface Segment {
  name: string;
  address: number;
  offset: number;
  size: number;
}

interface Name {
  name: string;
  kind: "import" | "export";
  weak: boolean;
  /** The library that an import names; none is looked up in all of them. */
  from: string | undefined;
}

export const machMagic = 0xfeedfacf;
const arm64 = 0x100000c;
const types: Record<number, MachO["type"]> = { 2: "executable", 6: "dylib", 8: "bundle" };
/** LC_LOAD_DYLIB, and its weak, re-exported and upward kinds. */
const loads = new Set([0xc, 0x80000018, 0x8000001f, 0x80000023]);
const page = 0x4000;

export function readMachO(bytes: Uint8Array): MachO {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const u32 = (at: number) => view.readUInt32LE(at);
  const u64 = (at: number) => Number(view.readBigUInt64LE(at));
  const text = (at: number) => view.toString("latin1", at, view.indexOf(0, at));
  const type = types[u32(12)];
  if (u32(0) !== machMagic || u32(4) !== arm64 || !type) throw new Error("not a Mach-O file of arm64");
  const file: MachO = {
    type,
    minimum: undefined,
    dylibs: [],
    rpaths: [],
    segments: [],
    symbols: [],
    signature: undefined,
  };
  let table = { offset: 0, count: 0, strings: 0 };
  let at = 32;
  for (let left = u32(16); left > 0; left--) {
    const command = u32(at);
    if (loads.has(command)) file.dylibs.push(text(at + u32(at + 8)));
    if (command === 0x8000001c) file.rpaths.push(text(at + u32(at + 8)));
    if (command === 0x32) file.minimum = `${u32(at + 12) >> 16}.${(u32(at + 12) >> 8) & 0xff}`;
    if (command === 0x1d) file.signature = { offset: u32(at + 8), size: u32(at + 12) };
    if (command === 2) table = { offset: u32(at + 8), count: u32(at + 12), strings: u32(at + 16) };
    if (command === 0x19)
      file.segments.push({
        name: view.toString("latin1", at + 8, at + 24).replace(/\0.*/s, ""),
        address: u64(at + 24),
        offset: u64(at + 40),
        size: u64(at + 48),
      });
    at += u32(at + 4);
  }
  for (let i = 0; i < table.count; i++) {
    const entry = table.offset + 16 * i;
    const kind = view[entry + 4]!;
    // debugging entries, and names that no other file sees
    if (kind & 0xe0 || kind & 0x10 || !(kind & 1)) continue;
    const description = view.readUInt16LE(entry + 6);
    const isImport = (kind & 0x0e) === 0;
    file.symbols.push({
      name: text(table.strings + u32(entry)),
      kind: isImport ? "import" : "export",
      weak: Boolean(description & 0x40),
      from: isImport ? file.dylibs[(description >> 8) - 1] : undefined,
    });
  }
  return file;
}

/** What macOS would refuse, or run wrong. `newest` is the system that has to be enough. */
export function machFaults(bytes: Uint8Array, newest = 14): string[] {
  const file = readMachO(bytes);
  const { minimum, segments, symbols } = file;
  return [
    ...(Number.parseFloat(minimum ?? "99") > newest ? [`is for macOS ${minimum}, newer than ${newest}`] : []),
    ...segments.flatMap(({ name, address, offset, size }) => [
      ...(address % page || (size && offset % page) ? [`segment ${name} does not begin with a page`] : []),
      ...(offset + size > bytes.length ? [`segment ${name} ends behind the file`] : []),
    ]),
    ...signatureFaults(bytes, file),
    ...(symbols.some(({ name }) => name.startsWith("_easel_")) ? shimFaults(bytes, file) : []),
  ];
}

/** An exception of MLX is caught by the address of its type: one that the shim had for itself would catch nothing. */
function shimFaults(bytes: Uint8Array, { segments, symbols }: MachO): string[] {
  const strange = symbols.filter(({ name, kind }) => kind === "export" && !/^_(easel_|cblas_)/.test(name));
  const names = segments.find(({ name }) => name === "__LINKEDIT")!.offset;
  const content = Buffer.from(bytes.buffer, bytes.byteOffset, names).toString("latin1");
  const own = [...content.matchAll(/\0(St\d*\w*(?:exception|error|argument|range|bad_\w+))(?=\0)/g)];
  const imports = symbols.some(({ name, kind }) => kind === "import" && name === "__ZTISt9exception");
  return [
    ...strange.map(({ name }) => `exports ${name}`),
    ...own.map(([, name]) => `has the typeinfo ${name} for itself`),
    ...(imports ? [] : ["takes std::exception's typeinfo from nowhere"]),
  ];
}

/** The signature ends the file, and each of its page hashes is right. */
function signatureFaults(bytes: Uint8Array, { segments, signature }: MachO): string[] {
  if (!signature) return ["is not signed"];
  const { offset, size } = signature;
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const u32 = (at: number) => view.readUInt32BE(at);
  const last = segments.find(({ name }) => name === "__LINKEDIT");
  const faults: string[] = [];
  if (offset % 16) faults.push("its signature does not begin at a multiple of 16");
  if (!last || offset + size !== bytes.length || last.offset + last.size !== bytes.length)
    faults.push("its signature does not end the file");
  if (u32(offset) !== 0xfade0cc0) return [...faults, "its signature cannot be read"];
  let directories = 0;
  for (let i = 0; i < u32(offset + 8); i++) {
    const at = offset + u32(offset + 16 + 8 * i);
    if (u32(at) !== 0xfade0c02) continue;
    directories++;
    const [hashes, count, limit] = [u32(at + 16), u32(at + 28), u32(at + 32)];
    const [length, kind, bits] = [view[at + 36]!, view[at + 37]!, view[at + 39]!];
    if (kind !== 2) faults.push("its signature holds no SHA-256");
    if (limit !== offset || count !== Math.ceil(limit / 2 ** bits))
      faults.push("its signature covers another length");
    const wrong = Array.from({ length: count }, (_, number) => number).filter((number) => {
      const from = number * 2 ** bits;
      const hash = createHash("sha256").update(view.subarray(from, Math.min(from + 2 ** bits, limit)));
      const stored = view.subarray(at + hashes + number * length, at + hashes + (number + 1) * length);
      return !hash.digest().subarray(0, length).equals(stored);
    });
    if (wrong.length > 0)
      faults.push(`${wrong.length} of ${count} pages have another hash, first ${wrong[0]}`);
  }
  if (directories === 0) faults.push("its signature has no code directory");
  return faults;
}
