/**
 * Limits on JSON before it is parsed. Text such as `[],[],[]` becomes objects many times its size.
 *
 * @module
 */
import { Refusal } from "../../errors.ts";

const longestStructure = 2 ** 20;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/**
 * Counts the text of one JSON body, and its bytes outside strings. The result takes the next bytes.
 *
 * @throws {Refusal} `too_large`, from the result, as soon as a limit is passed.
 */
export function jsonLimit(longestText: number): (text: Uint8Array) => void {
  let length = 0;
  let structure = 0;
  let inString = false;
  let escaped = false;

  return (text) => {
    length += text.length;
    if (length > longestText)
      throw new Refusal(
        "too_large",
        `the JSON is larger than ${longestText} bytes; send large pictures as a data_url or upload them`,
      );
    for (let at = 0; at < text.length; at++) {
      const byte = text[at];
      if (!inString) {
        structure++;
        inString = byte === QUOTE;
      } else if (escaped) escaped = false;
      else if (byte === BACKSLASH) escaped = true;
      else if (byte === QUOTE) inString = false;
    }
    if (structure > longestStructure)
      throw new Refusal("too_large", `the JSON has more than ${longestStructure} bytes outside strings`);
  };
}
