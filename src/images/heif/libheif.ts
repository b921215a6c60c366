/**
 * libheif's C interface, compiled to WebAssembly. Its two files are loaded from a folder, where they can be replaced.
 *
 * @module
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { withMemoryLimit } from "./wasm-memory.ts";

type Pointer = number;

/** The functions that are used here, with the names that libheif's documentation has. */
interface Functions {
  HEAPU8: Uint8Array;
  _malloc(bytes: number): Pointer;
  _free(at: Pointer): void;
  _heif_context_alloc(): Pointer;
  _heif_context_read_from_memory_without_copy(
    error: Pointer,
    context: Pointer,
    bytes: Pointer,
    size: number,
    options: Pointer,
  ): void;
  _heif_context_get_primary_image_handle(error: Pointer, context: Pointer, handle: Pointer): void;
  _heif_image_handle_get_width(handle: Pointer): number;
  _heif_image_handle_get_height(handle: Pointer): number;
  _heif_image_handle_get_ispe_width(handle: Pointer): number;
  _heif_image_handle_get_ispe_height(handle: Pointer): number;
  _heif_image_handle_has_alpha_channel(handle: Pointer): number;
  _heif_image_handle_get_luma_bits_per_pixel(handle: Pointer): number;
  _heif_image_handle_get_preferred_decoding_colorspace(
    error: Pointer,
    handle: Pointer,
    space: Pointer,
    chroma: Pointer,
  ): void;
  _heif_image_handle_get_raw_color_profile_size(handle: Pointer): number;
  _heif_image_handle_get_raw_color_profile(error: Pointer, handle: Pointer, bytes: Pointer): void;
  _heif_image_handle_get_number_of_metadata_blocks(handle: Pointer, kind: Pointer): number;
  _heif_image_handle_get_list_of_metadata_block_IDs(
    handle: Pointer,
    kind: Pointer,
    ids: Pointer,
    count: number,
  ): number;
  _heif_image_handle_get_metadata_size(handle: Pointer, id: number): number;
  _heif_image_handle_get_metadata(error: Pointer, handle: Pointer, id: number, bytes: Pointer): void;
  _heif_image_handle_get_image_tiling(error: Pointer, handle: Pointer, turned: number, tiling: Pointer): void;
  _heif_image_handle_decode_image_tile(
    error: Pointer,
    handle: Pointer,
    image: Pointer,
    space: number,
    chroma: number,
    options: Pointer,
    column: number,
    row: number,
  ): void;
  _heif_decode_image(
    error: Pointer,
    handle: Pointer,
    image: Pointer,
    space: number,
    chroma: number,
    options: Pointer,
  ): void;
  _heif_image_get_width(image: Pointer, channel: number): number;
  _heif_image_get_height(image: Pointer, channel: number): number;
  _heif_image_get_plane_readonly2(image: Pointer, channel: number, stride: Pointer): Pointer;
  _heif_image_release(image: Pointer): void;
}

const rgbSpace = 1;
const interleaved = 10;
const chromas = { rgb: 10, rgba: 11 } as const;

export type Layout = keyof typeof chromas;

/** libheif refused the file. `code` and `subcode` are its own, see `heif_error.h`. */
export class HeifError extends Error {
  constructor(
    readonly code: number,
    readonly subcode: number,
    message: string,
  ) {
    super(message);
  }
}

/** Decoded pixels inside libheif's memory, valid until the next call. */
export interface Plane {
  bytes: Uint8Array;
  stride: number;
  width: number;
  height: number;
}

/** Tiles of equal size over the picture as it is shown; those at one edge of each axis may reach beyond it. */
export interface Tiling {
  columns: number;
  rows: number;
  width: number;
  height: number;
  /** Where the first tile begins: at 0, or outside of the picture where turning has brought the cut edge to the front. */
  left: number;
  top: number;
}

/** Opens libheif out of `folder`. Its memory never grows beyond `maxBytes`. */
export function openLibheif(folder: string, maxBytes: number) {
  const wasmBinary = withMemoryLimit(readFileSync(join(folder, "libheif.wasm")), maxBytes);
  const quiet = () => {};
  const heif: Functions = require(join(folder, "libheif.js"))({ wasmBinary, print: quiet, printErr: quiet });
  const scratch = room(64);

  function room(bytes: number): Pointer {
    const at = heif._malloc(bytes);
    if (at === 0) throw new HeifError(6, 0, "no memory");
    return at;
  }
  const view = () => new DataView(heif.HEAPU8.buffer);
  const word = (at: Pointer) => view().getUint32(at, true);
  const copy = (at: Pointer, size: number) => new Uint8Array(heif.HEAPU8.subarray(at, at + size));
  const textAt = (at: Pointer, most = 1000) => {
    const end = heif.HEAPU8.indexOf(0, at);
    return new TextDecoder().decode(heif.HEAPU8.slice(at, Math.min(end, at + most)));
  };

  /** Calls a function that returns `struct heif_error`. */
  function tried(call: (error: Pointer) => void): void {
    call(scratch);
    const code = word(scratch);
    if (code !== 0) throw new HeifError(code, word(scratch + 4), textAt(word(scratch + 8)));
  }
  /** Calls a function that gives a pointer through its last argument. */
  function pointed(call: (error: Pointer, out: Pointer) => void): Pointer {
    tried((error) => call(error, scratch + 16));
    return word(scratch + 16);
  }

  function open(file: Uint8Array) {
    const at = room(file.length);
    heif.HEAPU8.set(file, at);
    const context = heif._heif_context_alloc();
    tried((error) => heif._heif_context_read_from_memory_without_copy(error, context, at, file.length, 0));
    const handle = pointed((error, out) => heif._heif_context_get_primary_image_handle(error, context, out));

    function plane(image: Pointer): Plane {
      const start = heif._heif_image_get_plane_readonly2(image, interleaved, scratch + 16);
      const stride = word(scratch + 16);
      const width = heif._heif_image_get_width(image, interleaved);
      const height = heif._heif_image_get_height(image, interleaved);
      return { bytes: heif.HEAPU8.subarray(start, start + stride * height), stride, width, height };
    }
    function using<T>(image: Pointer, use: (plane: Plane) => T): T {
      try {
        return use(plane(image));
      } finally {
        heif._heif_image_release(image);
      }
    }

    return {
      width: heif._heif_image_handle_get_width(handle),
      height: heif._heif_image_handle_get_height(handle),
      hasAlpha: heif._heif_image_handle_has_alpha_channel(handle) !== 0,
      bits: heif._heif_image_handle_get_luma_bits_per_pixel(handle),

      /** Whether the picture has no colours. */
      isGrey(): boolean {
        tried((error) =>
          heif._heif_image_handle_get_preferred_decoding_colorspace(
            error,
            handle,
            scratch + 16,
            scratch + 20,
          ),
        );
        return word(scratch + 16) === 2;
      },
      iccProfile(): Uint8Array<ArrayBuffer> | undefined {
        const size = heif._heif_image_handle_get_raw_color_profile_size(handle);
        if (size === 0) return undefined;
        const bytes = room(size);
        tried((error) => heif._heif_image_handle_get_raw_color_profile(error, handle, bytes));
        return copy(bytes, size);
      },
      /** The block as JPEG and PNG files have it, without the offset that HEIF puts in front. */
      exif(): Uint8Array<ArrayBuffer> | undefined {
        const kind = room(5);
        heif.HEAPU8.set([...new TextEncoder().encode("Exif"), 0], kind);
        if (heif._heif_image_handle_get_number_of_metadata_blocks(handle, kind) === 0) return undefined;
        heif._heif_image_handle_get_list_of_metadata_block_IDs(handle, kind, scratch + 16, 1);
        const id = word(scratch + 16);
        const size = heif._heif_image_handle_get_metadata_size(handle, id);
        if (size < 8) return undefined;
        const bytes = room(size);
        tried((error) => heif._heif_image_handle_get_metadata(error, handle, id, bytes));
        const start = 4 + view().getUint32(bytes, false);
        return start < size ? copy(bytes + start, size - start) : undefined;
      },
      /** Undefined where the picture has no tiles, or is a part of them. */
      tiling(): Tiling | undefined {
        const at = room(64);
        tried((error) => heif._heif_image_handle_get_image_tiling(error, handle, 1, at));
        const [columns, rows, width, height, , , top, left] = Array.from({ length: 8 }, (_, i) =>
          word(at + 4 + 4 * i),
        ) as [number, number, number, number, number, number, number, number];
        const shown = {
          width: heif._heif_image_handle_get_width(handle),
          height: heif._heif_image_handle_get_height(handle),
        };
        const stored = [
          heif._heif_image_handle_get_ispe_width(handle),
          heif._heif_image_handle_get_ispe_height(handle),
        ];
        const cut = !stored.includes(shown.width) || shown.width * shown.height !== stored[0]! * stored[1]!;
        if (columns * rows <= 1 || cut) return undefined;
        // libheif gives the part of a tile that is left, not the place of the first one.
        const first = (offset: number, size: number, count: number, tile: number) =>
          offset === 0 ? 0 : size - count * tile;
        return {
          columns,
          rows,
          width,
          height,
          left: first(left, shown.width, columns, width),
          top: first(top, shown.height, rows, height),
        };
      },
      /** Decodes one tile, turned as the picture is shown. */
      tile<T>(column: number, row: number, layout: Layout, use: (plane: Plane) => T): T {
        const image = pointed((error, out) =>
          heif._heif_image_handle_decode_image_tile(
            error,
            handle,
            out,
            rgbSpace,
            chromas[layout],
            0,
            column,
            row,
          ),
        );
        return using(image, use);
      },
      /** Decodes the picture as it is shown. */
      whole<T>(layout: Layout, use: (plane: Plane) => T): T {
        const image = pointed((error, out) =>
          heif._heif_decode_image(error, handle, out, rgbSpace, chromas[layout], 0),
        );
        return using(image, use);
      },
    };
  }
  return { open };
}

export type HeifPicture = ReturnType<ReturnType<typeof openLibheif>["open"]>;
