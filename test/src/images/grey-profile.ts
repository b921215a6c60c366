/** A colour profile of grey with a gamma, as small as the format allows. */
export function profileOfGrey(gamma: number): Uint8Array {
  const text = (name: string) => {
    const value = Buffer.from("grey\0", "latin1");
    const head = Buffer.alloc(12);
    head.write("desc", "latin1");
    head.writeUInt32BE(value.length, 8);
    return name === "desc"
      ? Buffer.concat([head, value, Buffer.alloc(79)])
      : Buffer.concat([Buffer.from("text\0\0\0\0", "latin1"), value]);
  };
  const white = Buffer.alloc(20);
  white.write("XYZ ", "latin1");
  for (const [i, value] of [0.9642, 1, 0.8249].entries())
    white.writeInt32BE(Math.round(value * 65536), 8 + 4 * i);
  const curve = Buffer.alloc(14);
  curve.write("curv", "latin1");
  curve.writeUInt32BE(1, 8);
  curve.writeUInt16BE(Math.round(gamma * 256), 12);
  const tags: [string, Buffer][] = [
    ["desc", text("desc")],
    ["cprt", text("cprt")],
    ["wtpt", white],
    ["kTRC", curve],
  ];
  const table = Buffer.alloc(4 + 12 * tags.length);
  table.writeUInt32BE(tags.length, 0);
  const bodies: Buffer[] = [];
  let at = 128 + table.length;
  tags.forEach(([name, body], i) => {
    const padded = Buffer.concat([body, Buffer.alloc((4 - (body.length % 4)) % 4)]);
    table.write(name, 4 + 12 * i, "latin1");
    table.writeUInt32BE(at, 8 + 12 * i);
    table.writeUInt32BE(body.length, 12 + 12 * i);
    bodies.push(padded);
    at += padded.length;
  });
  const header = Buffer.alloc(128);
  header.writeUInt32BE(at, 0);
  header.writeUInt32BE(0x02100000, 8);
  header.write("mntrGRAYXYZ ", 12, "latin1");
  header.write("acsp", 36, "latin1");
  white.copy(header, 68, 8);
  return Buffer.concat([header, table, ...bodies]);
}
