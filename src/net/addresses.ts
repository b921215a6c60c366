/**
 * Which addresses belong to the public internet. Everything is decided on the bytes of an address, never on its text, because one
 * address has many spellings.
 *
 * @module
 */
import { isIP } from "node:net";

/** 4 bytes, or 16. Null when the text is no address, or one with a zone such as `fe80::1%eth0`. */
export function addressBytes(text: string): Uint8Array | null {
  const kind = isIP(text);
  if (kind === 4) return Uint8Array.from(text.split("."), Number);
  return kind === 6 && !text.includes("%") ? bytesOfV6(text) : null;
}

function bytesOfV6(text: string): Uint8Array {
  const dotted = /^(.*:)(\d+)\.(\d+)\.(\d+)\.(\d+)$/.exec(text);
  const hex = (high: string | undefined, low: string | undefined) =>
    ((Number(high) << 8) | Number(low)).toString(16);
  const colons = dotted ? `${dotted[1]}${hex(dotted[2], dotted[3])}:${hex(dotted[4], dotted[5])}` : text;
  const [head = "", tail] = colons.split("::");
  const groups = (part: string) =>
    part === "" ? [] : part.split(":").map((group) => Number.parseInt(group, 16));
  const before = groups(head);
  const after = tail === undefined ? [] : groups(tail);
  const all = [...before, ...Array<number>(8 - before.length - after.length).fill(0), ...after];
  return Uint8Array.from(all.flatMap((group) => [group >> 8, group & 0xff]));
}

type Block = readonly [prefix: readonly number[], bits: number];

/** IANA's special-purpose registry for IPv4, with multicast and the reserved class E. */
const special4: readonly Block[] = [
  [[0], 8], // "this network"
  [[10], 8], // private
  [[100, 64], 10], // carrier-grade NAT, also Tailscale
  [[127], 8], // loopback
  [[169, 254], 16], // link-local, and the metadata service of clouds
  [[172, 16], 12], // private
  [[192, 0, 0], 24], // protocol assignments
  [[192, 0, 2], 24], // documentation
  [[192, 31, 196], 24], // AS112
  [[192, 52, 193], 24], // AMT
  [[192, 88, 99], 24], // 6to4 relays
  [[192, 168], 16], // private
  [[192, 175, 48], 24], // AS112
  [[198, 18], 15], // benchmarks
  [[198, 51, 100], 24], // documentation
  [[203, 0, 113], 24], // documentation
  [[224], 4], // multicast
  [[240], 4], // reserved, and the broadcast address
];

/** Exceptions inside the global block of IPv6 (2000::/3). */
const special6: readonly Block[] = [
  [[0x20, 0x01, 0x00], 23], // protocol assignments: Teredo, benchmarks, ORCHID, …
  [[0x20, 0x01, 0x0d, 0xb8], 32], // documentation
  [[0x3f, 0xff], 20], // documentation
  [[0x26, 0x20, 0x00, 0x4f, 0x80], 48], // AS112
];

/** Prefixes whose addresses lead to the IPv4 address inside them. */
const carriers: readonly (readonly [prefix: Block, at: number])[] = [
  [[[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff], 96], 12], // ::ffff:a.b.c.d, IPv4-mapped
  [[[0x00, 0x64, 0xff, 0x9b, 0, 0, 0, 0, 0, 0, 0, 0], 96], 12], // 64:ff9b::/96, NAT64
  [[[0x20, 0x02], 16], 2], // 2002::/16, 6to4
];

function within(address: Uint8Array, [prefix, bits]: Block): boolean {
  for (let bit = 0; bit < bits; bit += 8) {
    const mask = bits - bit >= 8 ? 0xff : (0xff << (8 - (bits - bit))) & 0xff;
    if ((address[bit / 8]! & mask) !== ((prefix[bit / 8] ?? 0) & mask)) return false;
  }
  return true;
}

/** Whether an address is a host of the public internet. An IPv4 address inside an IPv6 one is what counts. */
export function isPublicAddress(address: Uint8Array): boolean {
  if (address.length === 4) return !special4.some((block) => within(address, block));
  for (const [prefix, at] of carriers) {
    if (within(address, prefix)) return isPublicAddress(address.subarray(at, at + 4));
  }
  return within(address, [[0x20], 3]) && !special6.some((block) => within(address, block));
}
