import { expect, test } from "bun:test";
import fc from "fast-check";
import { Refusal } from "../../../../src/errors.ts";
import { decodeDataUrl } from "../../../../src/http/request/data-url.ts";

const text = (dataUrl: string) => {
  const { media_type, bytes } = decodeDataUrl(dataUrl, "image");
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

test("what is none is refused and not repeated", () => {
  for (const bad of [
    "nonsense",
    "data:image/png;base64",
    "http://x/,aGk=",
    "data:image/png;base64,a",
    "data:image/png;base64,aGk",
    "data:image/png;base64,aG k=",
    "data:image/png;base64,aGk=\n",
    "data:image/png;base64,aGk*",
    "data:image/png;base64,aGk=aGk=",
    "data:text/plain,100%",
    "data:text/plain,%zz",
  ]) {
    expect(() => decodeDataUrl(bad, "init_image")).toThrow(/^(invalid )?init_image data_url/);
    try {
      decodeDataUrl(bad, "init_image");
    } catch (error) {
      expect((error as Refusal).code).toBe("invalid_reference");
      expect((error as Refusal).message).not.toContain("aGk");
    }
  }
});

test("any bytes come back as they were, and any text is decoded or refused", () => {
  fc.assert(
    fc.property(fc.uint8Array(), (bytes) => {
      const url = `data:image/png;base64,${Buffer.from(bytes).toString("base64")}`;
      expect(decodeDataUrl(url, "image").bytes).toEqual(new Uint8Array(bytes));
      const escaped = [...bytes].map((byte) => `%${byte.toString(16).padStart(2, "0")}`).join("");
      expect(decodeDataUrl(`data:,${escaped}`, "image").bytes).toEqual(new Uint8Array(bytes));
    }),
  );
  fc.assert(
    fc.property(
      fc.string(),
      fc.constantFrom("", "data:", "data:image/png;base64,", "data:,"),
      (rest, start) => {
        try {
          decodeDataUrl(start + rest, "image");
        } catch (error) {
          expect(error).toBeInstanceOf(Refusal);
        }
      },
    ),
  );
});
