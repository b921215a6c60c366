import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { Refusal } from "../../../src/errors.ts";
import { boundaryOf, multipartReader } from "../../../src/files/multipart.ts";

interface Part {
  name: string;
  filename: string | undefined;
  contentType: string | undefined;
  content: string;
}

/** All parts of a body that comes in these pieces. */
function read(boundary: string, pieces: readonly Uint8Array[]): Part[] {
  const reader = multipartReader(boundary);
  const parts: (Part & { ended?: boolean })[] = [];
  for (const piece of pieces) {
    // A buffer that is used again must not matter.
    const shared = Uint8Array.from(piece);
    for (const event of reader.push(shared)) {
      if (event.type === "part") {
        const { name, filename, contentType } = event;
        parts.push({ name, filename, contentType, content: "" });
      } else if (event.type === "data") parts.at(-1)!.content += Buffer.from(event.bytes).toString("latin1");
      else parts.at(-1)!.ended = true;
    }
    shared.fill(0);
  }
  reader.end();
  return parts.map(({ ended, ...part }) => {
    expect(ended).toBe(true);
    return part;
  });
}
const latin1 = (text: string) => Buffer.from(text, "latin1");
const readText = (text: string, boundary = "B") => read(boundary, [latin1(text)]);
const part = (headers: string, content: string) => `--B\r\n${headers}\r\n\r\n${content}\r\n`;
const named = (name: string, content: string) =>
  part(`Content-Disposition: form-data; name="${name}"`, content);

describe("a body", () => {
  test("gives its parts in order", () => {
    const body =
      part(
        'Content-Disposition: form-data; name="file"; filename="a.png"\r\nContent-Type: image/png',
        "\r\n--\r\n\0x",
      ) +
      named("note", "hello") +
      named("empty", "") +
      "--B--\r\n";
    expect(readText(body)).toEqual([
      { name: "file", filename: "a.png", contentType: "image/png", content: "\r\n--\r\n\0x" },
      { name: "note", filename: undefined, contentType: undefined, content: "hello" },
      { name: "empty", filename: undefined, contentType: undefined, content: "" },
    ]);
  });

  test("is the one that the platform's own encoder writes", async () => {
    const form = new FormData();
    form.append("file", new File(["bytes \r\n--x"], 'ä "q" .png', { type: "image/png" }));
    form.append("text", "line\r\nline");
    const response = new Response(form);
    const boundary = boundaryOf(response.headers.get("content-type"))!;
    const parts = read(boundary, [new Uint8Array(await response.arrayBuffer())]);
    expect(parts.map((one) => [one.name, one.contentType, one.content])).toEqual([
      ["file", "image/png", "bytes \r\n--x"],
      ["text", undefined, "line\r\nline"],
    ]);
  });

  test("may have words before and after, and blanks behind a boundary", () => {
    expect(readText(`words\r\n--B \t\r\n${named("a", "1").slice(5)}--B--\r\nmore\r\n--B\r\n`)).toHaveLength(
      1,
    );
  });

  test("may have no part at all", () => {
    expect(readText("--B--")).toEqual([]);
  });

  test("keeps what only looks like its boundary", () => {
    const content = "\r\n--\r\n-B\r--B\n--B\r\n--b\r\n\r\r\n";
    expect(readText(`${named("a", content)}--B--`)[0]!.content).toBe(content);
  });
});

describe("headers of a part", () => {
  const only = (headers: string) => readText(`${part(headers, "x")}--B--`)[0]!;
  test.each([
    ['content-disposition: FORM-DATA; filename="f"; name="n"', "n", "f"],
    ["Content-Disposition: form-data; name=n; filename=f.png", "n", "f.png"],
    ['Content-Disposition: form-data; name="n"; filename=""', "n", ""],
    ['Content-Disposition: form-data; name="a;b=\\"c\\""; filename="C:\\dir\\f"', 'a;b="c"', "C:\\dir\\f"],
    ['Content-Disposition: form-data; name="n"; name="m"; filename="f"', "n", "f"],
    ["Content-Disposition: form-data; name=\"n\"; filename*=UTF-8''%C3%A4.png", "n", "ä.png"],
    ["Content-Disposition: form-data; name=\"n\"; filename*=UTF-8''%ff", "n", "%ff"],
    ['X-Other: 1\r\nContent-Disposition: form-data; name="n"; filename="../../x"', "n", "../../x"],
  ])("%p", (headers, name, filename) => {
    expect(only(headers)).toMatchObject({ name, filename });
  });
  test("names are UTF-8", () => {
    const headers = Buffer.from('Content-Disposition: form-data; name="n"; filename="漢字.png"').toString(
      "latin1",
    );
    expect(only(headers).filename).toBe("漢字.png");
  });
});

describe("a malformed body is refused with 422", () => {
  const valid = `${named("a", "1")}--B--`;
  test.each([
    ["empty", ""],
    ["another boundary", valid.replaceAll("--B", "--C")],
    ["no last boundary", named("a", "1")],
    ["cut off in the last boundary", `${named("a", "1")}--B-`],
    ["cut off in the headers", "--B\r\nContent-Dispo"],
    ["line feeds only", valid.replaceAll("\r\n", "\n")],
    ["something behind a boundary", valid.replace("--B\r\n", "--Bx\r\n")],
    ["a part without headers", "--B\r\n\r\nx\r\n--B--"],
    ["a part without a name", `${part("Content-Disposition: form-data", "x")}--B--`],
    ["another disposition", `${part('Content-Disposition: attachment; name="a"', "x")}--B--`],
    ["a header without a colon", `${part("nonsense", "x")}--B--`],
    ["a folded header", `${part('Content-Disposition: form-data;\r\n name="a"', "x")}--B--`],
    [
      "two dispositions",
      `${part(`Content-Disposition: form-data; name="a"\r\nContent-Disposition: form-data; name="b"`, "x")}--B--`,
    ],
    ["endless headers", `--B\r\nX: ${"x".repeat(20_000)}`],
    ["endless blanks behind a boundary", `--B${" ".repeat(20_000)}`],
    ["endless words before", `${"-".repeat(70_000)}`],
    ["endless dashes behind the last boundary", `${valid}${"-".repeat(70_000)}`],
  ])("%s", (_, body) => {
    expect(() => readText(body)).toThrow(Refusal);
    expect(() => readText(body)).toThrow("malformed");
    // The same piece by piece.
    expect(() =>
      read(
        "B",
        [...latin1(body)].map((byte) => Uint8Array.of(byte)),
      ),
    ).toThrow("malformed");
  });

  test("too many parts are 413", () => {
    const error = (() => {
      try {
        readText(named("a", "").repeat(129));
      } catch (error) {
        return error;
      }
    })();
    expect(error).toMatchObject({ code: "too_large" });
    expect(readText(`${named("a", "").repeat(128)}--B--`)).toHaveLength(128);
  });
});

describe("the boundary in a Content-Type", () => {
  test.each([
    ["multipart/form-data; boundary=abc", "abc"],
    ['Multipart/Form-Data;charset=utf-8; Boundary="a b:c"', "a b:c"],
    [`multipart/form-data; boundary=${"x".repeat(70)}`, "x".repeat(70)],
    ["application/json", null],
    ["multipart/mixed; boundary=abc", null],
    ["", null],
    [null, null],
  ])("%p", (header, boundary) => {
    expect(boundaryOf(header)).toBe(boundary);
  });
  test.each([
    "multipart/form-data",
    "multipart/form-data; boundary=",
    'multipart/form-data; boundary=""',
    `multipart/form-data; boundary=${"x".repeat(71)}`,
    'multipart/form-data; boundary="a\r\nb"',
    'multipart/form-data; boundary="a "',
    "multipart/form-data; boundary=ä",
  ])("%p is refused", (header) => {
    expect(() => boundaryOf(header)).toThrow("boundary");
  });
});

describe("properties", () => {
  const bchars = "0123456789abcXYZ'()+_,-./:=?";
  const boundaries = fc.string({ unit: fc.constantFrom(...bchars), minLength: 1, maxLength: 70 });
  // Contents full of what boundaries are made of.
  const contents = (boundary: string) =>
    fc
      .array(
        fc.oneof(
          fc.constantFrom("\r", "\n", "\r\n", "-", "--", "\r\n--", boundary, boundary.slice(0, -1), "\0"),
          fc.string({ maxLength: 20 }).map((text) => Buffer.from(text).toString("latin1")),
        ),
        { maxLength: 20 },
      )
      .map((pieces) => pieces.join(""))
      .filter(
        (content) =>
          !`\r\n${content}`.includes(`\r\n--${boundary}`) &&
          !`${content}\r\n--${boundary}`.slice(0, -1).includes(`\r\n--${boundary}`),
      );
  const bodies = boundaries.chain((boundary) =>
    fc.record({ boundary: fc.constant(boundary), contents: fc.array(contents(boundary), { maxLength: 4 }) }),
  );
  const split = (body: Buffer, cuts: readonly number[]) => {
    const places = [...new Set(cuts.map((cut) => cut % (body.length + 1)))].sort((a, b) => a - b);
    return [0, ...places].map((from, index) => body.subarray(from, places[index] ?? body.length));
  };
  const encode = (boundary: string, contents: readonly string[]) =>
    latin1(
      `${contents.map((content, i) => `--${boundary}\r\nContent-Disposition: form-data; name="${i}"\r\n\r\n${content}\r\n`).join("")}--${boundary}--\r\n`,
    );

  test("any body comes back whole, however it is cut", () => {
    fc.assert(
      fc.property(bodies, fc.array(fc.nat(), { maxLength: 30 }), ({ boundary, contents }, cuts) => {
        const parts = read(boundary, split(encode(boundary, contents), cuts));
        expect(parts.map((one) => one.content)).toEqual(contents);
      }),
      { numRuns: 500 },
    );
  });

  test("any bytes at all give the same result, however they are cut", () => {
    const alphabet = fc.constantFrom(
      "--B",
      "--B\r\n",
      "\r\n--B",
      "--",
      "\r\n",
      "\r\n\r\n",
      "\r",
      "x",
      'Content-Disposition: form-data; name="a"',
      " ",
    );
    const outcome = (pieces: readonly Uint8Array[]) => {
      try {
        return read("B", pieces);
      } catch (error) {
        if (error instanceof Refusal) return error.message;
        throw error;
      }
    };
    fc.assert(
      fc.property(
        fc.array(alphabet, { maxLength: 25 }),
        fc.array(fc.nat(), { maxLength: 20 }),
        (tokens, cuts) => {
          const body = latin1(tokens.join(""));
          expect(outcome(split(body, cuts))).toEqual(outcome([body]));
        },
      ),
      { numRuns: 2000 },
    );
  });
});
