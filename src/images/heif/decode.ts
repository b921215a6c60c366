/**
 * HEIC pictures, whose decoder (HEVC) libvips comes without. libheif decodes them in a process of its own, one at a time: a thread could
 * not be stopped while WebAssembly runs.
 *
 * @module
 */
import { join } from "node:path";
import { libheifFolder } from "../native-parts.ts";
import { type Answer, type Fault, type Header, heifCommand, type Order } from "./protocol.ts";

/** Milliseconds after which a decoder is given up. 64 megapixels take a tenth of it. */
const longest = 120_000;
/** Bytes of a file at most. Photographs of 64 megapixels have a tenth of it. */
const mostBytes = 256 * 2 ** 20;
const headBytes = 4096;

export interface Heic {
  /** A TIFF file of the picture as it is shown, with its colour profile. */
  tiff: Uint8Array<ArrayBuffer>;
  exif: Uint8Array | undefined;
  /** The size that the picture had. */
  original: { width: number; height: number };
  /** In Pillow's words. */
  mode: "RGB" | "RGBA" | "L";
}

/** Brands of files whose pictures are coded with HEVC. `mif1` and `msf1` alone leave the coding open, and are none of AVIF's. */
const heicBrands = ["heic", "heix", "heim", "heis", "hevc", "hevx", "hevm", "hevs", "mif1", "msf1"];
const avifBrands = ["avif", "avis"];

/** Whether a file says that it is HEIF, and not AVIF. */
export function isHeic(head: Uint8Array): boolean {
  const text = (at: number) => String.fromCharCode(...head.subarray(at, at + 4));
  if (head.length < 16 || text(4) !== "ftyp") return false;
  const size = new DataView(head.buffer, head.byteOffset).getUint32(0);
  const brands = [text(8)];
  for (let at = 16; at + 4 <= Math.min(size, head.length); at += 4) brands.push(text(at));
  if (brands.some((brand) => avifBrands.includes(brand))) return false;
  return brands.some((brand) => heicBrands.includes(brand));
}

/** The first bytes of a file; none where it cannot be read. */
export async function headOf(source: string | Uint8Array, size = headBytes): Promise<Uint8Array> {
  if (typeof source !== "string") return source.subarray(0, size);
  return Bun.file(source)
    .slice(0, size)
    .bytes()
    .catch(() => new Uint8Array());
}

export interface HeicOptions extends Omit<Order, "folder"> {
  signal?: AbortSignal | undefined;
}

/** Why a picture was not decoded. */
export class HeicFault extends Error {
  constructor(readonly fault: Fault | { kind: "time" }) {
    super(fault.kind);
  }
}

let before: Promise<unknown> = Promise.resolve();

/** Decodes a HEIC picture. Throws a {@linkcode HeicFault} where that does not succeed. */
export function decodeHeic(source: string | Uint8Array, options: HeicOptions): Promise<Heic> {
  const mine = before.then(() => decodeNow(source, options));
  before = mine.catch(() => {});
  return mine;
}

async function decodeNow(source: string | Uint8Array, { signal, ...order }: HeicOptions): Promise<Heic> {
  signal?.throwIfAborted();
  const file = typeof source === "string" ? Bun.file(source) : source;
  if ((typeof source === "string" ? Bun.file(source).size : source.length) > mostBytes)
    throw new HeicFault({ kind: "limits" });
  const { execPath } = process;
  const program = Bun.isStandaloneExecutable
    ? [execPath]
    : [execPath, join(import.meta.dir, "../../main.ts")];
  const started = Date.now();
  const child = Bun.spawn(
    [...program, heifCommand, JSON.stringify({ folder: libheifFolder(), ...order } satisfies Order)],
    {
      stdin: file,
      stdout: "pipe",
      stderr: "ignore",
      env: {},
      timeout: longest,
      killSignal: "SIGKILL",
      ...(signal && { signal }),
    },
  );
  const made = await readAnswer(child.stdout).catch((error: unknown) => {
    if (error instanceof HeicFault) throw error;
  });
  await child.exited;
  signal?.throwIfAborted();
  if (made) return made;
  throw new HeicFault({ kind: Date.now() - started >= longest ? "time" : "broken" });
}

/** Reads the line, then the bytes that it announces. Undefined where the process ended before. */
async function readAnswer(stream: ReadableStream<Uint8Array>): Promise<Heic | undefined> {
  const reader = stream.getReader();
  let line = Buffer.alloc(0);
  let rest: Uint8Array | undefined;
  while (!rest) {
    const { done, value } = await reader.read();
    if (done) return undefined;
    line = Buffer.concat([line, value]);
    const end = line.indexOf("\n");
    if (end >= 0) rest = line.subarray(end + 1);
  }
  const answer: Answer = JSON.parse(line.toString("utf8", 0, line.length - rest.length));
  if ("fault" in answer) throw new HeicFault(answer.fault);
  const bytes = new Uint8Array(answer.exif + answer.tiff);
  let filled = 0;
  for (let part: Uint8Array | undefined = rest; part; part = (await reader.read()).value) {
    bytes.set(part, filled);
    filled += part.length;
  }
  return filled === bytes.length ? heicOf(answer, bytes) : undefined;
}

const heicOf = ({ original, hasAlpha, grey, exif }: Header, bytes: Uint8Array<ArrayBuffer>): Heic => ({
  tiff: bytes.subarray(exif),
  exif: exif > 0 ? bytes.subarray(0, exif) : undefined,
  original,
  mode: hasAlpha ? "RGBA" : grey ? "L" : "RGB",
});
