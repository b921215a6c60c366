/**
 * A JSON body as a stream. The payloads of data URLs come out as they arrive, everything else as the text to parse.
 *
 * @module
 */

export type ScanEvent =
  /** JSON text. Data URLs in it end at their comma. */
  | { type: "text"; bytes: Uint8Array }
  /** A data URL begins: the keys that lead to the object that holds it, and the URL up to its comma. */
  | { type: "begin"; place: string[]; head: string }
  /** Payload, with the escapes of JSON undone. */
  | { type: "data"; bytes: Uint8Array }
  | { type: "end" };

/** Keys whose values may be data URLs: ours, and OpenAI's. */
const urlKeys = new Set(["data_url", "image_url"]);
const deepest = 64;
const longestKey = 64;
const longestHead = 1024;

const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const BACKSLASH = 0x5c;
const OPEN_LIST = 0x5b;
const CLOSE_LIST = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;
const LETTER_U = 0x75;

const escapes: Readonly<Record<string, string>> = { b: "\b", f: "\f", n: "\n", r: "\r", t: "\t" };

interface Container {
  isObject: boolean;
  /** The key of the member, or the index of the item, that is being read. */
  at: string | number;
}

/** Reads one body. `push` takes its next bytes and gives the events that they complete. Whether it is JSON is for the parser to say. */
export function jsonScanner() {
  const stack: Container[] = [];
  /** Containers that are open below the deepest one whose keys are followed. */
  let deeper = 0;
  let mode: "outside" | "key" | "string" | "head" | "payload" = "outside";
  let expectsKey = false;
  /** The key or the head so far. */
  let text = "";
  /** An escape sequence so far, with its backslash; empty outside of one. */
  let pending = "";

  const top = () => (deeper === 0 ? stack.at(-1) : undefined);

  function outside(byte: number): void {
    const container = top();
    if (byte === QUOTE) {
      text = "";
      if (container?.isObject && expectsKey) mode = "key";
      else mode = container?.isObject && urlKeys.has(String(container.at)) ? "head" : "string";
    } else if (byte === OPEN_OBJECT || byte === OPEN_LIST) {
      const isObject = byte === OPEN_OBJECT;
      if (stack.length < deepest) stack.push({ isObject, at: isObject ? "" : 0 });
      else deeper++;
      expectsKey = isObject;
    } else if (byte === CLOSE_OBJECT || byte === CLOSE_LIST) {
      if (deeper > 0) deeper--;
      else stack.pop();
      expectsKey = false;
    } else if (byte === COLON) expectsKey = false;
    else if (byte === COMMA && container) {
      if (container.isObject) expectsKey = true;
      else container.at = Number(container.at) + 1;
    }
  }

  /** Takes a byte of a string. Gives the character that it completes, or undefined within an escape sequence. */
  function unescaped(byte: number): string | undefined {
    if (pending === "") {
      if (byte !== BACKSLASH) return String.fromCharCode(byte);
      pending = "\\";
      return undefined;
    }
    pending += String.fromCharCode(byte);
    const isUnicode = pending.charCodeAt(1) === LETTER_U;
    if (isUnicode && pending.length < 6) return undefined;
    const letter = pending.slice(1);
    pending = "";
    if (!isUnicode) return escapes[letter] ?? letter;
    return String.fromCharCode(Number.parseInt(letter.slice(1), 16));
  }

  const endsString = (byte: number) => byte === QUOTE && pending === "";

  /** A byte of a key, a string, or the head of a URL. True when a payload follows. */
  function inside(byte: number): boolean {
    if (endsString(byte)) {
      if (mode === "key") top()!.at = text;
      mode = "outside";
      return false;
    }
    const character = unescaped(byte);
    if (character === undefined || mode === "string") return false;
    if (mode === "key") {
      if (text.length < longestKey) text += character;
      return false;
    }
    text += character;
    if (text.length > longestHead || !"data:".startsWith(text.slice(0, 5).toLowerCase())) mode = "string";
    else if (character === "," && text.length > 5) {
      mode = "payload";
      return true;
    }
    return false;
  }

  /** The payload in a chunk from `start` on, and where it ends. */
  function payload(chunk: Uint8Array, start: number): { bytes: Uint8Array; next: number; ended: boolean } {
    const quote = chunk.indexOf(QUOTE, start);
    const backslash = chunk.indexOf(BACKSLASH, start);
    const until = quote < 0 ? chunk.length : quote;
    if (pending === "" && (backslash < 0 || backslash > until))
      return { bytes: chunk.subarray(start, until), next: until, ended: quote >= 0 };
    const out: Uint8Array[] = [];
    let at = start;
    while (at < chunk.length && !endsString(chunk[at]!)) {
      if (pending === "" && chunk[at] !== BACKSLASH) {
        const from = at;
        while (at < chunk.length && chunk[at] !== BACKSLASH && chunk[at] !== QUOTE) at++;
        out.push(chunk.subarray(from, at));
      } else {
        const character = unescaped(chunk[at++]!);
        if (character !== undefined) out.push(Buffer.from(character));
      }
    }
    return { bytes: Buffer.concat(out), next: at, ended: at < chunk.length };
  }

  return {
    *push(chunk: Uint8Array): Generator<ScanEvent> {
      let from = 0;
      let at = 0;
      while (at < chunk.length) {
        if (mode === "payload") {
          const { bytes, next, ended } = payload(chunk, at);
          if (bytes.length > 0) yield { type: "data", bytes };
          at = next;
          from = next;
          if (!ended) return;
          mode = "outside";
          // The quote is the text's own.
          at++;
          yield { type: "end" };
          continue;
        }
        const byte = chunk[at++]!;
        if (mode === "outside") outside(byte);
        else if (inside(byte)) {
          yield { type: "text", bytes: chunk.subarray(from, at) };
          from = at;
          const place = stack.slice(0, -1).map((container) => String(container.at));
          yield { type: "begin", place, head: text };
        }
      }
      if (from < chunk.length) yield { type: "text", bytes: chunk.subarray(from) };
    },
  };
}
