/**
 * Forms with files: every file goes to the store as it arrives, small fields are kept as text.
 *
 * @module
 */
import { Refusal } from "../errors.ts";
import type { FileRecord } from "./file.ts";
import { boundaryOf, type MultipartEvent, multipartReader } from "./multipart.ts";
import type { FileStore, FileWriter } from "./store.ts";

export interface FormRequest {
  body: ReadableStream<Uint8Array> | null;
  contentType: string | null | undefined;
  /** The Content-Length header. It only refuses early: the bytes received count. */
  contentLength?: string | null | undefined;
}

export interface FormOptions {
  store: FileStore;
  /** Bytes that one file may have, and all of them together. */
  maxBytes: number;
  /** Fields that may carry files. Files in other fields are skipped. */
  fileFields: readonly string[];
  /** Of several files under one name only the last is kept. */
  lastWins?: boolean;
  /** Bytes of all text fields together. */
  maxTextBytes?: number;
  meta?: Record<string, unknown>;
}

/** A form. Its files are staged: insert or discard each of them. */
export interface Form {
  files: { name: string; record: FileRecord }[];
  fields: { name: string; text: string }[];
}

/** A form without a required field, reported like a schema error. */
export class FormError extends Error {
  override name = "FormError" as const;

  constructor(
    readonly issues: { type: string; loc: string[]; msg: string; ctx?: Record<string, unknown> }[],
  ) {
    super(issues.map((issue) => `${issue.loc.join(".")}: ${issue.msg}`).join("; "));
  }
}

/** Room for boundaries, headers and small fields beside the files. */
const overhead = 1024 * 1024;

const tooLarge = (limit: number) =>
  new Refusal(
    "too_large",
    `The body is larger than ${limit < 1048576 ? `${limit} bytes` : `${Math.floor(limit / 1048576)} MB`}`,
  );

/** Reads a form; on any error nothing stays in the store. A body of another type is a form with nothing in it. */
export async function readForm(request: FormRequest, options: FormOptions): Promise<Form> {
  const { store, maxBytes, maxTextBytes = 256 * 1024 } = options;
  const boundary = boundaryOf(request.contentType);
  const form: Form = { files: [], fields: [] };
  if (boundary === null || request.body === null) return form;
  const announced = Number(request.contentLength ?? Number.NaN);
  if (announced > maxBytes + overhead) throw tooLarge(maxBytes);

  const reader = multipartReader(boundary);
  let seen = 0;
  let fileBytes = 0;
  let textBytes = 0;
  let part: (MultipartEvent & { type: "part" }) | undefined;
  let writer: FileWriter | undefined;
  let text: Uint8Array[] = [];

  async function begin(next: MultipartEvent & { type: "part" }): Promise<void> {
    part = next;
    if (next.filename === undefined || !options.fileFields.includes(next.name)) return;
    writer = await store.writer({
      filename: next.filename,
      content_type: next.contentType,
      meta: options.meta ?? {},
      expected: Number.isFinite(announced) ? Math.max(0, announced - seen) : undefined,
    });
  }
  async function take(bytes: Uint8Array): Promise<void> {
    if (part?.filename !== undefined) {
      fileBytes += bytes.length;
      if (fileBytes > maxBytes) throw tooLarge(maxBytes);
      await writer?.write(bytes);
      return;
    }
    textBytes += bytes.length;
    if (textBytes > maxTextBytes) throw new Refusal("too_large", "The text fields of the form are too long");
    text.push(new Uint8Array(bytes));
  }
  async function finish(): Promise<void> {
    const { name, filename } = part!;
    if (writer) {
      const done = writer;
      writer = undefined;
      const record = await done.commit();
      const before = options.lastWins ? form.files.filter((file) => file.name === name) : [];
      form.files = [...form.files.filter((file) => !before.includes(file)), { name, record }];
      for (const file of before) await store.discard(file.record);
    } else if (filename === undefined) {
      form.fields.push({ name, text: Buffer.concat(text).toString("utf8") });
      text = [];
    }
  }

  try {
    for await (const chunk of request.body) {
      seen += chunk.length;
      if (seen > maxBytes + overhead) throw tooLarge(maxBytes);
      for (const event of reader.push(chunk)) {
        if (event.type === "part") await begin(event);
        else if (event.type === "data") await take(event.bytes);
        else await finish();
      }
    }
    reader.end();
    return form;
  } catch (error) {
    await writer?.abort();
    for (const file of form.files) await store.discard(file.record).catch(() => {});
    throw error;
  }
}

/** Stores the file in the field `file`, for `POST /v1/files`. Of several, the last counts. */
export async function readUpload(
  request: FormRequest,
  options: Pick<FormOptions, "store" | "maxBytes">,
): Promise<{ record: FileRecord; fields: Form["fields"] }> {
  const form = await readForm(request, { ...options, fileFields: ["file"], lastWins: true });
  const [file] = form.files;
  if (!file) {
    const sentAsText = form.fields.some((field) => field.name === "file");
    throw new FormError([
      sentAsText
        ? { type: "value_error", loc: ["body", "file"], msg: "Value error, expected a file, received text" }
        : { type: "missing", loc: ["body", "file"], msg: "Field required" },
    ]);
  }
  try {
    await options.store.insert(file.record);
  } catch (error) {
    await options.store.discard(file.record).catch(() => {});
    throw error;
  }
  return { record: file.record, fields: form.fields };
}
