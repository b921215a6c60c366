import { expect, test } from "bun:test";
import fc from "fast-check";
import { createLog, type LogOptions, tellOutages } from "../../src/log.ts";

function lines(options: Partial<LogOptions>, write: (log: ReturnType<typeof createLog>) => void): string[] {
  const out: string[] = [];
  const now = () => new Date(0);
  write(createLog({ level: "info", format: "text", write: (line) => out.push(line), now, ...options }));
  return out;
}

test("a line tells when, how bad, what and about what", () => {
  expect(lines({}, (log) => log.info("job ended", { job_id: "job_1", seconds: 2.5, why: "a b" }))).toEqual([
    '1970-01-01T00:00:00.000Z INFO    job ended job_id=job_1 seconds=2.5 why="a b"\n',
  ]);
  const [json] = lines({ format: "json" }, (log) => log.error("x", { n: 1, none: undefined }));
  expect(JSON.parse(json!)).toEqual({ time: "1970-01-01T00:00:00.000Z", level: "error", event: "x", n: 1 });
});

test("what is below the level is not written", () => {
  const all = (log: ReturnType<typeof createLog>) => {
    log.debug("a");
    log.info("b");
    log.warning("c");
    log.error("d");
  };
  expect(lines({ level: "warning" }, all).length).toBe(2);
  expect(lines({ level: "debug" }, all).length).toBe(4);
});

test("a secret is never written, in any field, of either format", () => {
  for (const format of ["text", "json"] as const) {
    const out = lines({ format, secrets: ["s3cret", null] }, (log) =>
      log.info("token s3cret", { url: "http://x/?t=s3cret", error: new Error("bad s3cret") }),
    );
    expect(out.join()).not.toContain("s3cret");
  }
});

test("a secret of a letter or two leaves the words of the log as they are", () => {
  const out = lines({ secrets: ["e", "", "lo", "long"] }, (log) =>
    log.info("the server listens", { is: "long" }),
  );
  expect(out).toEqual(["1970-01-01T00:00:00.000Z INFO    the server listens is=***\n"]);
});

test("an outage is two lines: when it begins, with its error, and for how long it was", () => {
  let now = 0;
  const out = lines({}, (log) => {
    const outage = tellOutages(log, { begins: "it fails", ends: "it works again" }, () => now);
    outage.worked();
    for (const at of [0, 5000, 65_000]) {
      now = at;
      outage.failed(new Error("refused"));
    }
    now = 90_000;
    outage.worked();
    outage.worked();
  });
  expect(out).toEqual([
    '1970-01-01T00:00:00.000Z ERROR   it fails error="Error: refused"\n',
    "1970-01-01T00:00:00.000Z INFO    it works again seconds=90\n",
  ]);
});

test("no text, whatever it holds, makes a second line or reaches the terminal as a command", () => {
  fc.assert(
    fc.property(
      fc.string({ unit: "binary" }),
      fc.constantFrom("text" as const, "json" as const),
      (text, format) => {
        const out = lines({ format }, (log) => log.info(text, { [`k${text}`]: text, list: [text] }));
        expect(out.length).toBe(1);
        // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not be there
        expect(out[0]!.slice(0, -1)).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202e]/);
      },
    ),
  );
});

test("an error is written with its causes, however many there are, and each once", () => {
  const refused = new Error("connection refused");
  const away = new Error("the bucket cannot be reached", { cause: refused });
  const error = new Error("try again later", { cause: away });
  const [line] = lines({ format: "json" }, (log) => log.warning("x", { error }));
  expect(JSON.parse(line!).error).toBe(
    "Error: try again later (the bucket cannot be reached (connection refused))",
  );
  const [once] = lines({ format: "json" }, (log) =>
    log.warning("x", { error: new Error("a b", { cause: new Error("b") }) }),
  );
  expect(JSON.parse(once!).error).toBe("Error: a b");
  refused.cause = error;
  expect(lines({}, (log) => log.warning("x", { error })).length).toBe(1);
});

test("a long value is cut and bytes are only counted", () => {
  const [line] = lines({}, (log) => log.info("x", { long: "y".repeat(1e6), bytes: new Uint8Array(4e6) }));
  expect(line!.length).toBeLessThan(3000);
  expect(line).toContain("4000000 bytes");
});
