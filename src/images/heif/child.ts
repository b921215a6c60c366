/**
 * The process that decodes one HEIC picture, from standard input to standard output. A process can be stopped whatever it does, and
 * its memory goes back to the system.
 *
 * @module
 */
import { plainTiff } from "../tiff.ts";
import { HeifError, type HeifPicture, openLibheif } from "./libheif.ts";
import { boxesBytes, nclxOf, profileOf } from "./nclx.ts";
import type { Answer, Fault, Order } from "./protocol.ts";
import { type Canvas, paste } from "./shrink.ts";

/** Bytes of libheif's memory: a frame of 64 megapixels, its copy and its colours. */
const maxBytes = 640 * 2 ** 20;

/** Runs the process. `order` is JSON. */
export async function decodeHeifHere(order: string): Promise<void> {
  const file = await Bun.stdin.bytes();
  let made: Decoded;
  try {
    made = decode(file, JSON.parse(order));
  } catch (error) {
    made = { answer: { fault: faultOf(error) }, parts: [] };
  }
  await Bun.write(Bun.stdout, `${JSON.stringify(made.answer)}\n`);
  for (const part of made.parts) await Bun.write(Bun.stdout, part);
}

interface Decoded {
  answer: Answer;
  parts: Uint8Array<ArrayBuffer>[];
}

function decode(bytes: Uint8Array, { folder, maxPixels, enough }: Order): Decoded {
  const picture = openLibheif(folder, maxBytes).open(bytes);
  const { width, height, hasAlpha } = picture;
  if (width * height > maxPixels) return { answer: { fault: { kind: "pixels", width, height } }, parts: [] };
  const factor = enough === undefined ? 1 : factorFor(width, height, enough);
  const size = { width: Math.ceil(width / factor), height: Math.ceil(height / factor) };
  const channels = hasAlpha ? 4 : 3;
  const { file, pixels } = plainTiff(
    { ...size, channels },
    picture.iccProfile() ?? profileOf(nclxOf(bytes.subarray(0, boxesBytes))),
  );
  fill({ ...size, pixels, channels, factor }, picture);
  const exif = picture.exif() ?? new Uint8Array(0);
  return {
    answer: {
      original: { width, height },
      hasAlpha,
      grey: picture.isGrey(),
      exif: exif.length,
      tiff: file.length,
    },
    parts: [exif, file],
  };
}

/** The largest power of two that leaves at least that many pixels and that long a side. */
function factorFor(width: number, height: number, enough: NonNullable<Order["enough"]>): number {
  let factor = 1;
  while (
    factor < 16 &&
    (width / (2 * factor)) * (height / (2 * factor)) >= enough.pixels &&
    Math.max(width, height) / (2 * factor) >= enough.side
  )
    factor *= 2;
  return factor;
}

/** Tile by tile where the file has tiles, as those of phones do: little memory is needed then. */
function fill(canvas: Canvas, picture: HeifPicture): void {
  const layout = canvas.channels === 4 ? "rgba" : "rgb";
  const tiling = picture.tiling();
  // A square of pixels that becomes one must lie in one tile. Alpha may have tiles of its own.
  const fits =
    tiling &&
    [tiling.width, tiling.height, tiling.left, tiling.top].every((each) => each % canvas.factor === 0);
  if (!tiling || !fits || layout === "rgba") {
    picture.whole(layout, (plane) => paste(canvas, plane, { left: 0, top: 0 }, picture));
    return;
  }
  const { columns, rows, width, height, left, top } = tiling;
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < columns; column++)
      picture.tile(column, row, layout, (plane) =>
        paste(canvas, plane, { left: left + column * width, top: top + row * height }, picture),
      );
}

const unsupported = [3, 4];
const noMemory = 6;
const securityLimit = 1000;

/** An error that is not libheif's is a trap of WebAssembly, which damaged files may cause. */
function faultOf(error: unknown): Fault {
  if (!(error instanceof HeifError)) return { kind: "broken" };
  if (error.code === noMemory || error.subcode === securityLimit) return { kind: "limits" };
  return { kind: unsupported.includes(error.code) ? "unsupported" : "broken" };
}
