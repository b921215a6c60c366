import { Refusal } from "../../errors.ts";

/** What a data URL (RFC 2397) holds. `kind` names it in refusals, which never repeat the URL. */
export function decodeDataUrl(
  dataUrl: string,
  kind: string,
): { media_type: string; bytes: Uint8Array<ArrayBuffer> } {
  const comma = dataUrl.indexOf(",");
  const header = comma < 0 ? "" : dataUrl.slice(0, comma);
  if (!/^data:/i.test(header))
    throw new Refusal("invalid_reference", `${kind} data_url must be a data URL: data:<type>;base64,<bytes>`);
  const [type = "", ...parameters] = header.slice(5).split(";");
  const media_type = /^[\w.+-]{1,100}\/[\w.+-]{1,100}$/.test(type)
    ? type.toLowerCase()
    : "application/octet-stream";
  const isBase64 = parameters.some((parameter) => parameter.trim().toLowerCase() === "base64");
  const bytes = isBase64 ? base64(dataUrl, comma + 1) : percent(dataUrl.slice(comma + 1));
  if (bytes === undefined)
    throw new Refusal(
      "invalid_reference",
      `invalid ${kind} data_url payload: ${isBase64 ? "not base64" : "not percent-encoded"}`,
    );
  return { media_type, bytes };
}

function base64(text: string, from: number): Uint8Array<ArrayBuffer> | undefined {
  const payload = text.slice(from);
  // Blanks, which the decoder would skip, are a sign of a URL that was cut or wrapped.
  if (/[\s]/.test(payload)) return undefined;
  try {
    return Uint8Array.fromBase64(payload, { lastChunkHandling: "strict" });
  } catch {
    return undefined;
  }
}

function percent(payload: string): Uint8Array<ArrayBuffer> | undefined {
  if (/%(?![0-9a-f]{2})/i.test(payload)) return undefined;
  const bytes = new TextEncoder().encode(payload);
  let length = 0;
  for (let at = 0; at < bytes.length; at++, length++) {
    const escaped = bytes[at] === 0x25;
    bytes[length] = escaped
      ? Number.parseInt(String.fromCharCode(bytes[at + 1]!, bytes[at + 2]!), 16)
      : bytes[at]!;
    if (escaped) at += 2;
  }
  return bytes.slice(0, length);
}
