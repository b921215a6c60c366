/**
 * A request as commands for a terminal, and as programs. A chunk of its own: most visitors never ask for it.
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

/** Each file once, with the name of its variable. */
function variablesOf({ uploads }: Command) {
  const distinct = uploads.filter(
    ({ fileId }, index) => uploads.findIndex((other) => other.fileId === fileId) === index,
  );
  return distinct.map((upload, index) => ({
    ...upload,
    variable: distinct.length === 1 ? "file" : `file${index + 1}`,
  }));
}

/** Uploads first, each into a variable of the shell, then the request that names them. */
export function curl(command: Command): string {
  const { path, body, output, secured } = command;
  const origin = location.origin;
  const token = secured ? ` \\\n  -H "Authorization: Bearer $EASEL_AUTH_TOKEN"` : "";
  const files = variablesOf(command);
  const stored = files.map(
    ({ name, variable }) =>
      `${variable}=$(curl -sS --fail-with-body ${origin}/v1/files${token} \\\n  -F ${word(`file=@${name}`)} ` +
      `| sed -n 's/.*"file_id": *"\\([^"]*\\)".*/\\1/p')`,
  );
  // The quote is left for each variable, and taken up again behind it.
  const json = files.reduce(
    (text, { fileId, variable }) => text.replaceAll(fileId, `'"$${variable}"'`),
    quoted(JSON.stringify(body)),
  );
  return [
    ...stored,
    `curl -sS --fail-with-body ${origin}${path}${token} \\\n  -H 'Content-Type: application/json' \\\n  -d ${json} \\\n  -o ${word(output)}`,
  ].join("\n\n");
}

/** A value of JSON as Python writes it, with variables in the place of file ids. */
function pythonLiteral(value: unknown, variables: ReadonlyMap<unknown, string>): string {
  if (variables.has(value)) return variables.get(value)!;
  if (value === null || value === undefined) return "None";
  if (typeof value === "boolean") return value ? "True" : "False";
  if (Array.isArray(value)) return `[${value.map((item) => pythonLiteral(item, variables)).join(", ")}]`;
  if (typeof value !== "object") return JSON.stringify(value);
  const entries = Object.entries(value).map(
    ([key, item]) => `${JSON.stringify(key)}: ${pythonLiteral(item, variables)}`,
  );
  return `{${entries.join(", ")}}`;
}

/** With `requests`, which most who write Python have. */
export function python(command: Command): string {
  const { path, body, output, secured } = command;
  const files = variablesOf(command);
  const variables = new Map<unknown, string>(files.map(({ fileId, variable }) => [fileId, variable]));
  return [
    ...(secured ? ["import os"] : []),
    "import requests",
    "",
    `server = ${JSON.stringify(location.origin)}`,
    "api = requests.Session()",
    ...(secured ? [`api.headers["Authorization"] = "Bearer " + os.environ["EASEL_AUTH_TOKEN"]`] : []),
    ...files.map(
      ({ name, variable }) =>
        `${variable} = api.post(server + "/v1/files", files={"file": open(${JSON.stringify(name)}, "rb")}).json()["file_id"]`,
    ),
    `answer = api.post(server + ${JSON.stringify(path)}, json=${pythonLiteral(body, variables)})`,
    "answer.raise_for_status()",
    `open(${JSON.stringify(output)}, "wb").write(answer.content)`,
  ].join("\n");
}

/** For Node.js, Deno and Bun. */
export function javascript(command: Command): string {
  const { path, body, output, secured } = command;
  const files = variablesOf(command);
  // biome-ignore lint/suspicious/noTemplateCurlyInString: the placeholder belongs to the code that is shown
  const token = "authorization: `Bearer ${process.env.EASEL_AUTH_TOKEN}`";
  const json = files.reduce(
    (text, { fileId, variable }) => text.replaceAll(JSON.stringify(fileId), variable),
    JSON.stringify(body),
  );
  const uploads = files.length > 0 && [
    "",
    "async function upload(path) {",
    "  const body = new FormData();",
    `  body.set("file", new Blob([await readFile(path)]), path);`,
    `  const answer = await fetch(server + "/v1/files", { method: "POST", body${secured ? ", headers" : ""} });`,
    "  return (await answer.json()).file_id;",
    "}",
    "",
    ...files.map(({ name, variable }) => `const ${variable} = await upload(${JSON.stringify(name)});`),
  ];
  return [
    `import { ${uploads ? "readFile, " : ""}writeFile } from "node:fs/promises";`,
    "",
    `const server = ${JSON.stringify(location.origin)};`,
    ...(secured ? [`const headers = { ${token} };`] : []),
    ...(uploads || []),
    `const answer = await fetch(server + ${JSON.stringify(path)}, {`,
    `  method: "POST",`,
    `  headers: { ${secured ? "...headers, " : ""}"content-type": "application/json" },`,
    `  body: JSON.stringify(${json}),`,
    "});",
    "if (!answer.ok) throw new Error(await answer.text());",
    `await writeFile(${JSON.stringify(output)}, Buffer.from(await answer.arrayBuffer()));`,
  ].join("\n");
}
