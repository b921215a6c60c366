/**
 * The last request as commands for a terminal.
 *
 * @module
 */

/** In single quotes, as a shell reads them. */
const quoted = (text: string) => `'${text.replaceAll("'", `'\\''`)}'`;

/** A file's name as a word of a command, whatever is in it. */
const word = (text: string) => (/^[\w.@%+=:,/-]+$/.test(text) ? text : quoted(text));

export interface Command {
  path: string;
  body: Record<string, unknown>;
  /** Pictures and other files that the request names, in the order in which they were given. */
  uploads: readonly { name: string; fileId: string }[];
  /** File of the answer. */
  output: string;
  secured: boolean;
}

/** Uploads first, each into a variable of the shell, then the request that names them. */
export function curl({ path, body, uploads, output, secured }: Command): string {
  const origin = location.origin;
  const token = secured ? ` \\\n  -H "Authorization: Bearer $EASEL_AUTH_TOKEN"` : "";
  const distinct = uploads.filter(
    ({ fileId }, index) => uploads.findIndex((other) => other.fileId === fileId) === index,
  );
  const variable = (index: number) => (distinct.length === 1 ? "file" : `file${index + 1}`);
  const stored = distinct.map(
    ({ name }, index) =>
      `${variable(index)}=$(curl -sS --fail-with-body ${origin}/v1/files${token} \\\n  -F ${word(`file=@${name}`)} ` +
      `| sed -n 's/.*"file_id": *"\\([^"]*\\)".*/\\1/p')`,
  );
  // The quote is left for each variable, and taken up again behind it.
  const json = distinct.reduce(
    (text, { fileId }, index) => text.replaceAll(fileId, `'"$${variable(index)}"'`),
    quoted(JSON.stringify(body)),
  );
  return [
    ...stored,
    `curl -sS --fail-with-body ${origin}${path}${token} \\\n  -H 'Content-Type: application/json' \\\n  -d ${json} \\\n  -o ${word(output)}`,
  ].join("\n\n");
}
