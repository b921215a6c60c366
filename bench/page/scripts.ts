/**
 * Bytes of the page's scripts and style sheets, as the server compresses them.
 *
 * @module
 */

export interface Part {
  name: string;
  gzip: number;
  /** Whether the page itself loads it; other parts come when they are needed. */
  atStart: boolean;
  kind: "script" | "style" | "3-D";
}

/** A part with this text draws with shaders, as three.js and parallax do. Those that import it belong to the views in space, too. */
const shader = "gl_Position";

/** Every script that the page can load, found by following their imports. */
export async function parts(url: string): Promise<Part[]> {
  const found = new Map<string, Part>();
  const take = async (path: string, atStart: boolean): Promise<void> => {
    if (found.has(path)) return;
    const answer = await fetch(new URL(path, url), {
      headers: { "accept-encoding": "gzip" },
      decompress: false,
    });
    if (!answer.ok) throw new Error(`${path}: HTTP ${answer.status}`);
    const bytes = new Uint8Array(await answer.arrayBuffer());
    const packed = answer.headers.get("content-encoding") === "gzip";
    const text = new TextDecoder().decode(packed ? Bun.gunzipSync(bytes) : bytes);
    const part: Part = {
      name: path.split("/").at(-1)!,
      gzip: bytes.length,
      atStart,
      kind: path.endsWith(".css") ? "style" : text.includes(shader) ? "3-D" : "script",
    };
    found.set(path, part);
    // `from"…"` and `import"…"` are loaded with the part, `import("…")` later.
    for (const [, other] of text.matchAll(/(?:from|import)\s*"([^"]+\.js)"/g)) {
      await take(other!, atStart);
      if (found.get(other!)!.kind === "3-D") part.kind = "3-D";
    }
    for (const [, other] of text.matchAll(/import\(\s*"([^"]+\.js)"/g)) await take(other!, false);
  };
  const html = await (await fetch(url)).text();
  for (const [, path] of html.matchAll(/(?:src|href)="([^"]+\.(?:js|css))"/g)) await take(path!, true);
  return [...found.values()];
}
