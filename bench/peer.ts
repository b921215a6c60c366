/** A process that answers line by line. It has the environment of this one, and `env`. */
export class Peer {
  #child;
  #lines;
  constructor(command: string[], env: Record<string, string>) {
    this.#child = Bun.spawn(command, {
      env: { ...process.env, ...env },
      stdin: "pipe",
      stdout: "pipe",
      stderr: "inherit",
    });
    this.#lines = lines(this.#child.stdout);
  }
  async line(): Promise<string> {
    const { value } = await this.#lines.next();
    if (value === undefined) throw new Error("the other process ended");
    return value;
  }
  ask(question: string): Promise<string> {
    this.#child.stdin.write(`${question}\n`);
    this.#child.stdin.flush();
    return this.line();
  }
  [Symbol.dispose](): void {
    this.#child.kill();
  }
}

async function* lines(stream: ReadableStream<Uint8Array>): AsyncGenerator<string, undefined> {
  let rest = "";
  const decoder = new TextDecoder();
  for await (const chunk of stream) {
    const parts = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    rest = parts.pop()!;
    yield* parts;
  }
}
