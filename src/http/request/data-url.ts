/**
 * Data URLs (RFC 2397), decoded piece by piece. Refusals never repeat the URL.
 *
 * @module
 */
import { Refusal } from "../../errors.ts";

export interface DataUrlDecoder {
  media_type: string;
  /** The bytes that the next part of the payload completes. @throws {Refusal} `invalid_reference`, as `end`. */
  push(payload: Uint8Array): Uint8Array;
  end(): Uint8Array;
}

/** Decodes what follows `head`, the URL up to its comma. `kind` names it in refusals. */
export function dataUrlDecoder(head: string, kind: string): DataUrlDecoder {
  const [type = "", ...parameters] = head.slice("data:".length, -1).split(";");
  const media_type = /^[\w.+-]{1,100}\/[\w.+-]{1,100}$/.test(type)
    ? type.toLowerCase()
    : "application/octet-stream";
  const isBase64 = parameters.some((parameter) => parameter.trim().toLowerCase() === "base64");
  return { media_type, ...(isBase64 ? base64(kind) : percentEncoded(kind)) };
}

/** The refusal of a value that is not a data URL. */
export const noDataUrl = (kind: string) =>
  new Refusal("invalid_reference", `${kind} data_url must be a data URL: data:<type>;base64,<bytes>`);

const invalid = (kind: string, why: string) =>
  new Refusal("invalid_reference", `invalid ${kind} data_url payload: ${why}`);

function base64(kind: string) {
  let rest = "";
  const decoded = (text: string, last: boolean): Uint8Array => {
    // The decoder would skip blanks, which are a sign of a URL that was cut or wrapped.
    if (/[\s]/.test(text)) throw invalid(kind, "not base64");
    try {
      return Uint8Array.fromBase64(text, { lastChunkHandling: last ? "strict" : "stop-before-partial" });
    } catch {
      throw invalid(kind, "not base64");
    }
  };
  return {
    push(payload: Uint8Array): Uint8Array {
      const text = rest + Buffer.from(payload.buffer, payload.byteOffset, payload.length).toString("latin1");
      // Padding may only stand at the end, so the last group of four waits for what follows.
      const whole = Math.max(0, Math.floor((text.length - 1) / 4) * 4);
      rest = text.slice(whole);
      const bytes = text.slice(0, whole);
      if (bytes.endsWith("=")) throw invalid(kind, "not base64");
      return decoded(bytes, false);
    },
    end: () => decoded(rest, true),
  };
}

function percentEncoded(kind: string) {
  let rest = new Uint8Array();
  const PERCENT = 0x25;
  return {
    push(payload: Uint8Array): Uint8Array {
      const bytes = Buffer.concat([rest, payload]);
      const out = new Uint8Array(bytes.length);
      let length = 0;
      let at = 0;
      while (at < bytes.length && (bytes[at] !== PERCENT || at + 2 < bytes.length)) {
        if (bytes[at] !== PERCENT) {
          out[length++] = bytes[at++]!;
          continue;
        }
        const digits = bytes.toString("latin1", at + 1, at + 3);
        if (!/^[0-9a-f]{2}$/i.test(digits)) throw invalid(kind, "not percent-encoded");
        out[length++] = Number.parseInt(digits, 16);
        at += 3;
      }
      rest = new Uint8Array(bytes.subarray(at));
      return out.subarray(0, length);
    },
    end(): Uint8Array {
      if (rest.length > 0) throw invalid(kind, "not percent-encoded");
      return rest;
    },
  };
}
