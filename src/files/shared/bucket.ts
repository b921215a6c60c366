/**
 * A bucket of an S3 server, by `fetch` on signed URLs: every request has a deadline, which Bun's own client does not give it.
 *
 * @module
 */
import { attempts, type Deadlines, Passing, usualDeadlines, watchSilence } from "./attempts.ts";
import { type Keys, objectUrl, signedUrl } from "./sign.ts";

export interface BucketOptions {
  /** Such as "https://s3.eu-central-1.amazonaws.com". */
  endpoint: string;
  region: string;
  bucket: string;
  /** What every key begins with: "" or "a/b/". */
  prefix: string;
  keys: Keys;
  /** Where clients reach the bucket. Without it there are no links. */
  publicEndpoint?: string | undefined;
  /** Certificates to trust; those of the system unless given. */
  ca?: readonly string[] | undefined;
  deadlines?: Deadlines | undefined;
}

/** An answer that says that the bucket is not usable as it is set. */
export class BucketRefusal extends Error {
  override name = "BucketRefusal" as const;

  constructor(
    readonly status: number,
    /** The server's word for it, such as "NoSuchBucket". */
    readonly code: string,
    /** Seconds by which its clock is ahead of this machine's. */
    readonly ahead: number,
  ) {
    super(`the bucket answers ${status} ${code}`);
  }

  /** Why it refuses, when its clock is the reason: signatures hold for a time, and servers name that refusal in many ways. */
  get clockProblem(): string | undefined {
    if (Math.abs(this.ahead) < worstClock)
      return this.code === "RequestTimeTooSkewed"
        ? "the clocks of this machine and of the server of s3_endpoint differ too much: set both by NTP"
        : undefined;
    const minutes = Math.round(Math.abs(this.ahead) / 60);
    const direction = this.ahead > 0 ? "ahead of" : "behind";
    return `the clock of the server of s3_endpoint is ${minutes} minutes ${direction} this machine's: set both by NTP`;
  }
}

export interface Got {
  /** Bytes of the whole object. */
  size: number;
  body: ReadableStream<Uint8Array>;
}

export interface Listed {
  key: string;
  size: number;
  /** Unix seconds. */
  modified: number;
}

interface RequestOptions {
  headers?: Record<string, string>;
  query?: Record<string, string>;
  body?: Blob | Uint8Array<ArrayBuffer>;
  signal?: AbortSignal | undefined;
}

/** A larger difference of clocks, in seconds, is taken for the reason of a refusal. */
const worstClock = 300;
/** Seconds for which the URLs of the node's own requests are good. */
const ownSeconds = 900;
/** Statuses that another attempt may change. */
const passing = new Set([408, 429, 500, 502, 503, 504]);

export class Bucket {
  readonly #options: BucketOptions;
  readonly #deadlines: Deadlines;

  constructor(options: BucketOptions) {
    this.#options = options;
    this.#deadlines = options.deadlines ?? usualDeadlines;
  }

  /** Writes an object of a known length. */
  async put(key: string, body: Blob | Uint8Array<ArrayBuffer>, signal?: AbortSignal): Promise<void> {
    const size = body instanceof Blob ? body.size : body.length;
    await this.#again(signal, async () => {
      // A large body takes long to fail: a server that is away is found by a small request.
      if (size > this.#deadlines.rate) await this.#once("HEAD", key, { signal }, isAnswer);
      await this.#once("PUT", key, { body, signal }, isOk);
    });
  }

  /** The whole object, or a part of it; undefined when there is none. Nothing else is read while the body is. */
  get(key: string, range?: { start: number; end: number }, signal?: AbortSignal): Promise<Got | undefined> {
    const headers = range && { range: `bytes=${range.start}-${range.end - 1}` };
    return this.#again(signal, () => this.#open(key, { ...(headers && { headers }), signal }));
  }

  /** Size and time of an object, or undefined. */
  async head(key: string, signal?: AbortSignal): Promise<Listed | undefined> {
    return this.#again(signal, () =>
      this.#once("HEAD", key, { signal }, (response) => {
        if (response.status === 404) return undefined;
        if (!response.ok) throw refusalOf(response, "");
        return {
          key,
          size: Number(response.headers.get("content-length")),
          modified: Date.parse(response.headers.get("last-modified") ?? "") / 1000,
        };
      }),
    );
  }

  /** An object that is not there is removed. */
  async remove(key: string, signal?: AbortSignal): Promise<void> {
    await this.#again(signal, () => this.#once("DELETE", key, { signal }, isGone));
  }

  /** Objects whose keys begin with `prefix`, in order of their keys. */
  async *list(prefix: string, signal?: AbortSignal): AsyncGenerator<Listed> {
    let after: string | undefined;
    do {
      const page = await this.#page(prefix, after, signal);
      for (const entry of page.entries) yield entry;
      after = page.entries.at(-1)?.key;
      if (!page.more) return;
    } while (after !== undefined);
  }

  /** Whether clients reach the bucket by links. */
  hasLinks(): boolean {
    return this.#options.publicEndpoint !== undefined;
  }

  /** A URL that gives an object to everybody who has it. */
  link(key: string, seconds: number, answer: { type: string; disposition: string }): string {
    return this.#sign("GET", key, {
      endpoint: this.#options.publicEndpoint,
      seconds,
      query: {
        "response-content-disposition": answer.disposition,
        "response-content-type": answer.type,
        "response-cache-control": "private, no-cache",
      },
    });
  }

  /** A URL that takes an object of exactly that size from everybody who has it. */
  uploadLink(key: string, seconds: number, size: number): { url: string; headers: Record<string, string> } {
    const headers = { "content-length": String(size) };
    const url = this.#sign("PUT", key, { endpoint: this.#options.publicEndpoint, seconds, headers });
    return { url, headers };
  }

  #again<T>(signal: AbortSignal | undefined, work: () => Promise<T>): Promise<T> {
    return attempts(work, this.#deadlines, signal);
  }

  #sign(
    method: string,
    key: string,
    more: {
      endpoint?: string | undefined;
      seconds?: number;
      query?: Record<string, string> | undefined;
      headers?: Record<string, string>;
    },
  ): string {
    const { endpoint, region, bucket, prefix, keys } = this.#options;
    const { seconds = ownSeconds, query = {}, headers = {} } = more;
    // A list is of the bucket, whose own address has no key.
    const path = key === "" ? "" : prefix + key;
    const url = objectUrl(more.endpoint ?? endpoint, bucket, path);
    return signedUrl({ method, url, query, headers, seconds, region, keys });
  }

  async #fetch(method: string, key: string, { query, ...init }: RequestOptions): Promise<Response> {
    const { ca } = this.#options;
    try {
      return await fetch(this.#sign(method, key, { query }), {
        ...init,
        method,
        redirect: "manual",
        ...(ca !== undefined && { tls: { ca, rejectUnauthorized: true } }),
      } as RequestInit);
    } catch (error) {
      throw new Passing("the bucket cannot be reached", { cause: error });
    }
  }

  /** One request whose answer is short. */
  async #once<T>(
    method: string,
    key: string,
    { signal, ...request }: RequestOptions,
    read: (response: Response, text: string) => T,
  ): Promise<T> {
    const { body } = request;
    const size = body instanceof Blob ? body.size : (body?.length ?? 0);
    const watch = watchSilence(this.#deadlines.answer + (size / this.#deadlines.rate) * 1000, signal);
    try {
      const response = await this.#fetch(method, key, { ...request, signal: watch.signal });
      const text = await response.text().catch((error: unknown) => {
        throw new Passing("the answer broke off", { cause: error });
      });
      if (passing.has(response.status)) throw new Passing(`the bucket answers ${response.status}`);
      return read(response, text);
    } finally {
      watch.stop();
    }
  }

  async #open(key: string, { signal, headers }: RequestOptions): Promise<Got | undefined> {
    const { answer, silence } = this.#deadlines;
    const watch = watchSilence(answer, signal);
    try {
      const response = await this.#fetch("GET", key, { ...(headers && { headers }), signal: watch.signal });
      if (response.ok && response.body) {
        watch.again(silence);
        return { size: sizeOf(response), body: watched(response.body, watch, silence) };
      }
      const text = await response.text();
      watch.stop();
      if (response.status === 404 && codeOf(text) !== "NoSuchBucket") return undefined;
      if (passing.has(response.status)) throw new Passing(`the bucket answers ${response.status}`);
      throw refusalOf(response, text);
    } catch (error) {
      watch.stop();
      throw error;
    }
  }

  async #page(prefix: string, after: string | undefined, signal: AbortSignal | undefined) {
    const own = this.#options.prefix;
    const query = {
      "list-type": "2",
      prefix: own + prefix,
      ...(after !== undefined && { "start-after": own + after }),
    };
    const text = await this.#again(signal, () =>
      this.#once("GET", "", { query, signal }, (response, text) => {
        if (!response.ok) throw refusalOf(response, text);
        return text;
      }),
    );
    const entries = [...text.matchAll(/<Contents>(.*?)<\/Contents>/gs)].map(([, entry = ""]) => ({
      key: unescaped(field(entry, "Key")).slice(own.length),
      size: Number(field(entry, "Size")),
      modified: Date.parse(field(entry, "LastModified")) / 1000,
    }));
    return { entries, more: field(text, "IsTruncated") === "true" };
  }
}

/** The body, given up when nothing comes for too long. */
function watched(
  body: ReadableStream<Uint8Array>,
  watch: ReturnType<typeof watchSilence>,
  silence: number,
): ReadableStream<Uint8Array> {
  const reader = body.getReader();
  return new ReadableStream({
    async pull(controller) {
      watch.again(silence);
      try {
        const { done, value } = await reader.read();
        watch.rest();
        if (!done) return controller.enqueue(value);
        watch.stop();
        controller.close();
      } catch (error) {
        watch.stop();
        controller.error(new Passing("the bytes broke off", { cause: error }));
      }
    },
    async cancel(reason) {
      watch.stop();
      await reader.cancel(reason);
    },
  });
}

const isAnswer = () => {};

function isOk(response: Response, text: string): void {
  if (!response.ok) throw refusalOf(response, text);
}

function isGone(response: Response, text: string): void {
  if (!response.ok && response.status !== 404) throw refusalOf(response, text);
}

const refusalOf = ({ status, headers }: Response, text: string) =>
  new BucketRefusal(status, codeOf(text), (Date.parse(headers.get("date") ?? "") - Date.now()) / 1000 || 0);
const codeOf = (text: string) => field(text, "Code") || "without a code";
const field = (text: string, name: string) =>
  new RegExp(`<${name}>(.*?)</${name}>`, "s").exec(text)?.[1] ?? "";

function sizeOf(response: Response): number {
  const range = /\/(\d+)$/.exec(response.headers.get("content-range") ?? "")?.[1];
  return Number(range ?? response.headers.get("content-length"));
}

const entities: Readonly<Record<string, string>> = { lt: "<", gt: ">", quot: '"', apos: "'", amp: "&" };

const unescaped = (text: string) =>
  text.replaceAll(
    /&(?:#(\d+)|#x([0-9a-f]+)|(\w+));/gi,
    (all, decimal?: string, hex?: string, name?: string) => {
      if (name !== undefined) return entities[name] ?? all;
      return String.fromCodePoint(decimal === undefined ? Number.parseInt(hex!, 16) : Number(decimal));
    },
  );
