import type { HeaderFile } from "../entry.ts";

/** A member of a zip archive whose bytes are stored as they are. */
export interface Stored {
  offset: number;
  size: number;
}

const endRecord = 0x06054b50;
const end64Locator = 0x07064b50;
const end64Record = 0x06064b50;
const directoryRecord = 0x02014b50;
const localRecord = 0x04034b50;
const maxDirectory = 64e6;

/** The members of an archive as its central directory lists them. Compressed members are refused: torch writes none. */
export function readZip(file: HeaderFile): Map<string, Stored> {
  const { count, offset, size } = directoryOf(file);
  if (!(size <= maxDirectory)) file.fail("the archive's directory is too large");
  const directory = file.read(offset, size);
  const members = new Map<string, Stored>();
  let at = 0;
  for (let i = 0; i < count; i++) {
    if (at + 46 > size || directory.readUInt32LE(at) !== directoryRecord) file.fail("the archive is damaged");
    const flags = directory.readUInt16LE(at + 8);
    const method = directory.readUInt16LE(at + 10);
    const [names, extras, comments] = [28, 30, 32].map((field) => directory.readUInt16LE(at + field)) as [
      number,
      number,
      number,
    ];
    const next = at + 46 + names + extras + comments;
    if (next > size) file.fail("the archive is damaged");
    const name = directory.toString("utf8", at + 46, at + 46 + names);
    if (flags & 1 || method !== 0) file.fail("the archive has compressed or encrypted members");
    if (members.has(name)) file.fail("the archive names a member twice");
    const wide = wideFields(directory, at, at + 46 + names, extras);
    const head = file.read(wide.offset, 30);
    if (head.readUInt32LE(0) !== localRecord) file.fail("the archive is damaged");
    const start = wide.offset + 30 + head.readUInt16LE(26) + head.readUInt16LE(28);
    if (wide.packed !== wide.size || start + wide.size > file.size)
      file.fail("the archive is cut short or damaged");
    members.set(name, { offset: start, size: wide.size });
    at = next;
  }
  return members;
}

function directoryOf(file: HeaderFile): { count: number; offset: number; size: number } {
  const tail = file.read(Math.max(0, file.size - 65_557), Math.min(file.size, 65_557));
  for (let at = tail.length - 22; at >= 0; at--) {
    if (tail.readUInt32LE(at) !== endRecord || at + 22 + tail.readUInt16LE(at + 20) !== tail.length) continue;
    const found = {
      count: tail.readUInt16LE(at + 10),
      size: tail.readUInt32LE(at + 12),
      offset: tail.readUInt32LE(at + 16),
    };
    if (at >= 20 && tail.readUInt32LE(at - 20) === end64Locator) {
      const record = file.read(whole(tail.readBigUInt64LE(at - 12)), 56);
      if (record.readUInt32LE(0) !== end64Record) file.fail("the archive is damaged");
      return {
        count: whole(record.readBigUInt64LE(32)),
        size: whole(record.readBigUInt64LE(40)),
        offset: whole(record.readBigUInt64LE(48)),
      };
    }
    return found;
  }
  return file.fail("not a torch file in zip format");
}

/** Sizes and offset of a member; fields of all ones stand in the zip64 extra, in this order. */
function wideFields(directory: Buffer, at: number, extrasAt: number, extras: number) {
  const fields = {
    size: directory.readUInt32LE(at + 24),
    packed: directory.readUInt32LE(at + 20),
    offset: directory.readUInt32LE(at + 42),
  };
  let field = extrasAt;
  while (field + 4 <= extrasAt + extras) {
    const length = directory.readUInt16LE(field + 2);
    if (directory.readUInt16LE(field) === 1) {
      let value = field + 4;
      for (const key of ["size", "packed", "offset"] as const)
        if (fields[key] === 0xffffffff && value + 8 <= field + 4 + length) {
          fields[key] = whole(directory.readBigUInt64LE(value));
          value += 8;
        }
    }
    field += 4 + length;
  }
  return fields;
}

/** Beyond what a number holds it is beyond any file: reading there fails. */
const whole = (value: bigint) => Number(value);
