/**
 * The server's own API, as the tools call it: in this process, or over HTTP from `easel mcp`.
 *
 * @module
 */
export interface Api {
  /** Requests a path of the API, such as `/v1/jobs`. */
  request(path: string, init?: RequestInit): Promise<Response>;
  /** The address that links to files begin with. */
  origin: string;
  /** Reads a file of this machine that the client may use; undefined where paths are not taken. */
  readPath?: ((path: string) => Promise<{ bytes: Uint8Array<ArrayBuffer>; name: string }>) | undefined;
}

/** A refusal of the server, or of a tool. Its code is stable. */
export class ToolError extends Error {
  override name = "ToolError" as const;

  constructor(
    readonly code: string,
    message: string,
  ) {
    super(message);
  }
}

interface Refused {
  detail?: string | readonly { loc?: readonly unknown[]; msg?: string }[];
  code?: string;
}

const longestMessage = 600;

async function refusal(answer: Response): Promise<ToolError> {
  const { detail, code } = (await answer.json().catch(() => ({}))) as Refused;
  const text =
    typeof detail === "string"
      ? detail
      : detail
          ?.map(({ loc, msg }) => `${loc?.filter((part) => part !== "body").join(".")}: ${msg}`)
          .join("; ");
  return new ToolError(
    code ?? `http_${answer.status}`,
    (text ?? `HTTP ${answer.status}`).slice(0, longestMessage),
  );
}

async function parsed<T>(answer: Response): Promise<T> {
  if (!answer.ok) throw await refusal(answer);
  return (await answer.json()) as T;
}

export const get = async <T>(api: Api, path: string): Promise<T> => parsed<T>(await api.request(path));

export const post = async <T>(api: Api, path: string, body: object): Promise<T> =>
  parsed<T>(
    await api.request(path, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
    }),
  );

export async function upload(api: Api, bytes: Uint8Array<ArrayBuffer>, name: string): Promise<string> {
  const form = new FormData();
  form.set("file", new Blob([bytes]), name);
  const { file_id } = await parsed<{ file_id: string }>(
    await api.request("/v1/files", { method: "POST", body: form }),
  );
  return file_id;
}

export async function bytesOf(api: Api, path: string): Promise<Response> {
  const answer = await api.request(path);
  if (!answer.ok) throw await refusal(answer);
  return answer;
}
