import { expect, test } from "bun:test";
import fc from "fast-check";
import { Refusal } from "../../../../src/errors.ts";
import { dataUrlDecoder } from "../../../../src/http/request/data-url.ts";

/** Decodes a data URL whose payload comes in pieces of that many bytes. */
function decode(dataUrl: string, kind = "image", piece = 1 << 20) {
  const comma = dataUrl.indexOf(",") + 1;
  const decoder = dataUrlDecoder(dataUrl.slice(0, comma), kind);
  const payload = new TextEncoder().encode(dataUrl.slice(comma));
  const out: Uint8Array[] = [];
  for (let at = 0; at < payload.length; at += piece)
    out.push(decoder.push(payload.subarray(at, at + piece)).slice());
  out.push(decoder.end());
  return { media_type: decoder.media_type, bytes: new Uint8Array(Buffer.concat(out)) };
}

const text = (dataUrl: string) => {
  const { media_type, bytes } = decode(dataUrl);
  return [media_type, new TextDecoder().decode(bytes)];
};

test("base64 and percent-encoded payloads are decoded, with the type before them", () => {
  expect(text("data:image/png;base64,aGk=")).toEqual(["image/png", "hi"]);
  expect(text("DATA:IMAGE/PNG;name=a;BASE64,aGk=")).toEqual(["image/png", "hi"]);
  expect(text("data:text/plain;charset=utf-8,a%20b,c")).toEqual(["text/plain", "a b,c"]);
  expect(text("data:,é")).toEqual(["application/octet-stream", "é"]);
  expect(text("data:;base64,")).toEqual(["application/octet-stream", ""]);
  expect(text("data:a b\r\nx: y/z;base64,aGk=")[0]).toBe("application/octet-stream");
});

test("a malformed payload is refused and not repeated, wherever it is cut into pieces", () => {
  for (const bad of [
    "data:image/png;base64,a",
    "data:image/png;base64,aGk",
    "data:image/png;base64,aG k=",
    "data:image/png;base64,aGk=\n",
    "data:image/png;base64,aGk*",
    "data:image/png;base64,aGk=aGk=",
    "data:text/plain,100%",
    "data:text/plain,%zz",
  ]) {
    for (const piece of [1, 2, 3, 4, 5, 100]) {
      expect(() => decode(bad, "init_image", piece)).toThrow(/^(invalid )?init_image data_url/);
      try {
        decode(bad, "init_image", piece);
      } catch (error) {
        expect((error as Refusal).code).toBe("invalid_reference");
        expect((error as Refusal).message).not.toContain("aGk");
      }
    }
  }
});

test("any bytes come back as they were, and any text is decoded or refused", () => {
  fc.assert(
    fc.property(fc.uint8Array(), fc.integer({ min: 1, max: 9 }), (bytes, piece) => {
      const url = `data:image/png;base64,${Buffer.from(bytes).toString("base64")}`;
      expect(decode(url, "image", piece).bytes).toEqual(new Uint8Array(bytes));
      const escaped = [...bytes].map((byte) => `%${byte.toString(16).padStart(2, "0")}`).join("");
      expect(decode(`data:,${escaped}`, "image", piece).bytes).toEqual(new Uint8Array(bytes));
    }),
  );
  fc.assert(
    fc.property(fc.string(), fc.constantFrom("data:image/png;base64,", "data:,"), (rest, start) => {
      try {
        decode(start + rest);
      } catch (error) {
        expect(error).toBeInstanceOf(Refusal);
      }
    }),
  );
});
