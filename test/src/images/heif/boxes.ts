/** Writes HEIF files box by box (ISO/IEC 14496-12, 23008-12) around the coded picture of another one, so that tests can make any. */

export const u8 = (...values: number[]) => Buffer.from(values);
export const u16 = (...values: number[]) =>
  Buffer.concat(
    values.map((value) => {
      const bytes = Buffer.alloc(2);
      bytes.writeUInt16BE(value);
      return bytes;
    }),
  );
export const u32 = (...values: number[]) =>
  Buffer.concat(
    values.map((value) => {
      const bytes = Buffer.alloc(4);
      bytes.writeUInt32BE(value);
      return bytes;
    }),
  );

export const box = (type: string, ...contents: Uint8Array[]) => {
  const body = Buffer.concat(contents);
  return Buffer.concat([u32(body.length + 8), Buffer.from(type, "latin1"), body]);
};
export const fullBox = (type: string, version: number, flags: number, ...contents: Uint8Array[]) =>
  box(type, u32(version * 2 ** 24 + flags), ...contents);

/** The coded picture of a file that has a single one: its decoder configuration and its data. */
export function codedPicture(file: Buffer): { configuration: Buffer; data: Buffer } {
  const contents = (type: string) => {
    const at = file.indexOf(type, 0, "latin1") - 4;
    return file.subarray(at, at + file.readUInt32BE(at));
  };
  return { configuration: contents("hvcC"), data: contents("mdat").subarray(8) };
}

export interface Item {
  id: number;
  type: string;
  data: Uint8Array;
  properties: Uint8Array[];
  /** Items that this one is made of. */
  from?: readonly number[];
}

export const sizeOf = (width: number, height: number) => fullBox("ispe", 0, 0, u32(width, height));
export const turnedLeft = (quarters: number) => box("irot", u8(quarters));
/** Mirrors: 0 turns top and bottom round, 1 left and right. */
export const mirrored = (axis: number) => box("imir", u8(axis));

/** Contents of an item of the type `grid`. */
export const gridOf = (columns: number, rows: number, width: number, height: number) =>
  Buffer.concat([u8(0, 1, rows - 1, columns - 1), u32(width, height)]);

/** A file of these items; the first one is the picture. */
export function heif(items: readonly Item[], brands: readonly string[] = ["heic", "mif1", "heic"]): Buffer {
  const [major, ...compatible] = brands.map((brand) => Buffer.from(brand, "latin1"));
  const start = box("ftyp", major!, u32(0), ...compatible);
  // Equal ones are shared, since their numbers have 15 bits.
  const properties = [...new Set(items.flatMap((item) => item.properties))];
  const numberOf = new Map(properties.map((property, i) => [property, i + 1]));
  const meta = (offset: number) => {
    let at = offset;
    const places = items.map(({ id, data }) => {
      const place = Buffer.concat([u32(id), u16(0, 1), u32(at, data.length)]);
      at += data.length;
      return place;
    });
    const uses = items.map(({ id, properties: own }) => {
      const numbers = own.map((property) => numberOf.get(property)!);
      return Buffer.concat([u32(id), u8(numbers.length), u16(...numbers.map((number) => 0x8000 | number))]);
    });
    return fullBox(
      "meta",
      0,
      0,
      fullBox("hdlr", 0, 0, u32(0), Buffer.from("pict"), u32(0, 0, 0), u8(0)),
      fullBox("pitm", 1, 0, u32(items[0]!.id)),
      fullBox("iloc", 2, 0, u8(0x44, 0), u32(items.length), ...places.map((place) => withMethod(place))),
      fullBox(
        "iinf",
        1,
        0,
        u32(items.length),
        ...items.map(({ id, type }) =>
          fullBox("infe", 3, 0, u32(id), u16(0), Buffer.from(type, "latin1"), u8(0)),
        ),
      ),
      fullBox(
        "iref",
        1,
        0,
        ...items
          .filter(({ from }) => from)
          .map(({ id, from = [] }) => box("dimg", u32(id), u16(from.length), u32(...from))),
      ),
      box("iprp", box("ipco", ...properties), fullBox("ipma", 1, 1, u32(items.length), ...uses)),
    );
  };
  const offset = start.length + meta(0).length + 8;
  return Buffer.concat([start, meta(offset), box("mdat", ...items.map(({ data }) => data))]);
}

/** The construction method (in the file) behind the id, which version 2 of the box has. */
const withMethod = (place: Buffer) => Buffer.concat([place.subarray(0, 4), u16(0), place.subarray(4)]);
