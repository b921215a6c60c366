import { expect, test } from "bun:test";
import fc from "fast-check";
import { jsonScanner } from "../../../../src/http/request/json-scan.ts";

/** Everything that the scanner makes of a body that comes in pieces of that many bytes. */
function scan(body: string, piece = 1 << 20) {
  const scanner = jsonScanner();
  const bytes = new TextEncoder().encode(body);
  let text = "";
  const urls: { place: string; head: string; payload: string }[] = [];
  const decoder = new TextDecoder("utf-8");
  for (let at = 0; at < bytes.length; at += piece)
    for (const event of scanner.push(bytes.subarray(at, at + piece))) {
      if (event.type === "text") text += decoder.decode(event.bytes, { stream: true });
      if (event.type === "begin") urls.push({ place: event.place.join("."), head: event.head, payload: "" });
      if (event.type === "data") urls.at(-1)!.payload += Buffer.from(event.bytes).toString("latin1");
    }
  return { text, urls };
}

const head = "data:image/png;base64,";

test("payloads of data URLs are taken out, wherever the body is cut", () => {
  const body = JSON.stringify({
    prompt: `a "quoted" ${head}AAAA`,
    image: { type: "data_url", data_url: `${head}aGk=` },
    images: [{ url: "https://example.com" }, { data_url: "data:,x%20y" }, [{ image_url: `${head}/+//` }]],
    loras: [{ file: { data_url: `${head}eHg=` }, scale: 1 }],
  });
  for (const piece of [1, 2, 3, 7, 50, 10_000]) {
    const { text, urls } = scan(body, piece);
    expect(urls).toEqual([
      { place: "image", head, payload: "aGk=" },
      { place: "images.1", head: "data:,", payload: "x%20y" },
      { place: "images.2.0", head, payload: "/+//" },
      { place: "loras.0.file", head, payload: "eHg=" },
    ]);
    expect(JSON.parse(text)).toEqual({
      prompt: `a "quoted" ${head}AAAA`,
      image: { type: "data_url", data_url: head },
      images: [{ url: "https://example.com" }, { data_url: "data:," }, [{ image_url: head }]],
      loras: [{ file: { data_url: head }, scale: 1 }],
    });
  }
});

test("escapes of JSON are undone in keys, heads and payloads", () => {
  const body = String.raw`{"i\u006dage":{"data\u005furl":"data:image\/png;base64,a\/b\u002Bc="}}`;
  for (const piece of [1, 2, 5, 1000])
    expect(scan(body, piece).urls).toEqual([{ place: "image", head, payload: "a/b+c=" }]);
});

test("strings that are no data URLs stay in the text", () => {
  for (const value of ["nonsense", "https://example.com/a.png", "data:", "data:image/png;base64", "", "da"]) {
    const body = JSON.stringify({ image: { data_url: value }, other: `${head}AAAA` });
    for (const piece of [1, 1000]) expect(scan(body, piece)).toEqual({ text: body, urls: [] });
  }
});

test("any JSON without data URLs passes through unchanged", () => {
  fc.assert(
    fc.property(fc.json(), fc.integer({ min: 1, max: 20 }), (body, piece) => {
      expect(scan(body, piece)).toEqual({ text: body, urls: [] });
    }),
  );
});

test("any bytes are taken without a fault, deep nesting too", () => {
  fc.assert(
    fc.property(fc.string(), fc.integer({ min: 1, max: 9 }), (body, piece) => {
      scan(body, piece);
    }),
  );
  const deep = `${"[".repeat(100_000)}{"data_url":"${head}AAAA"}`;
  expect(scan(deep)).toEqual({ text: deep, urls: [] });
  expect(scan(`${"]}".repeat(1000)}{"image":{"data_url":"${head}AA"}}`).urls.length).toBe(1);
});
