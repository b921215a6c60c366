/**
 * Text to tokens, as Qwen's models read it. Only this module knows the special ones.
 *
 * @module
 */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Tokenizer as Bpe } from "@huggingface/tokenizers";
import { CheckpointError } from "../../weights/checkpoint-error.ts";

export interface Tokenizer {
  /**
   * Byte-pair tokens of a text, without anything special: spellings of special tokens are plain text, so that a prompt cannot end the
   * user's turn or claim a picture.
   */
  encode(text: string): number[];
  /** The same, but a spelling of an added token is that token, as the published tokenizers read a text. */
  encodeMarked(text: string): number[];
  /** The number of a special token, such as `<|im_end|>`. */
  special(name: string): number;
}

const split =
  "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";

interface Vocabulary {
  vocab: Record<string, number>;
  merges: (string | [string, string])[];
  special: Map<string, number>;
}

/** Reads the tokenizer from `vocab.json` and `merges.txt`, or from a `tokenizer.json`, in one of the folders. */
export function loadTokenizer(folders: readonly string[]): Tokenizer {
  const { vocab, merges, special } = read(folders);
  const spellings = [...special.keys()].filter(Boolean).sort((a, b) => b.length - a.length);
  const escaped = spellings.map((text) => text.replace(/[.*+?^${}()|[\]\\/-]/g, "\\$&"));
  const marks = new RegExp(`(${escaped.join("|") || "(?!)"})`);
  const bpe = new Bpe(
    {
      version: "1.0",
      added_tokens: [],
      normalizer: { type: "NFC" },
      pre_tokenizer: {
        type: "Sequence",
        pretokenizers: [
          { type: "Split", pattern: { Regex: split }, behavior: "Isolated", invert: false },
          { type: "ByteLevel", add_prefix_space: false, trim_offsets: false, use_regex: false },
        ],
      },
      post_processor: null,
      decoder: { type: "ByteLevel", add_prefix_space: false, trim_offsets: false, use_regex: false },
      model: {
        type: "BPE",
        dropout: null,
        unk_token: null,
        continuing_subword_prefix: "",
        end_of_word_suffix: "",
        fuse_unk: false,
        byte_fallback: false,
        vocab,
        merges,
      },
    } as unknown as ConstructorParameters<typeof Bpe>[0],
    {} as ConstructorParameters<typeof Bpe>[1],
  );
  const encode = (text: string) => (text === "" ? [] : bpe.encode(text, { add_special_tokens: false }).ids);
  return {
    encode,
    encodeMarked: (text) =>
      text.split(marks).flatMap((part, i) => (i % 2 === 0 ? encode(part) : special.get(part)!)),
    special(name) {
      const id = special.get(name);
      if (id === undefined) throw new CheckpointError("tokenizer", `it has no ${name}`);
      return id;
    },
  };
}

function read(folders: readonly string[]): Vocabulary {
  const plain = folders.find(
    (folder) => existsSync(join(folder, "vocab.json")) && existsSync(join(folder, "merges.txt")),
  );
  if (plain !== undefined) {
    const vocab = json(plain, "vocab.json") as Record<string, number>;
    const merges = readFileSync(join(plain, "merges.txt"), "utf8")
      .split("\n")
      .filter((line, i) => line !== "" && !(i === 0 && line.startsWith("#version")));
    return { vocab, merges, special: specialOf(plain) };
  }
  const whole = folders.find((folder) => existsSync(join(folder, "tokenizer.json")));
  if (whole === undefined)
    throw new CheckpointError("tokenizer", "vocab.json and merges.txt, or tokenizer.json, are not there");
  const found = json(whole, "tokenizer.json") as {
    model?: { vocab?: Record<string, number>; merges?: string[] };
  };
  if (!found.model?.vocab || !found.model.merges)
    throw new CheckpointError("tokenizer.json", "it has no vocabulary and merges");
  return { vocab: found.model.vocab, merges: found.model.merges, special: specialOf(whole) };
}

/** Added tokens, wherever the folder lists them. */
function specialOf(folder: string): Map<string, number> {
  const has = (file: string) => existsSync(join(folder, file));
  const special = new Map<string, number>();
  if (has("added_tokens.json"))
    for (const [text, id] of Object.entries(json(folder, "added_tokens.json") as Record<string, number>))
      special.set(text, id);
  if (has("tokenizer_config.json")) {
    const { added_tokens_decoder = {} } = json(folder, "tokenizer_config.json") as {
      added_tokens_decoder?: Record<string, { content: string }>;
    };
    for (const [id, { content }] of Object.entries(added_tokens_decoder)) special.set(content, Number(id));
  }
  if (special.size === 0 && has("tokenizer.json")) {
    const { added_tokens = [] } = json(folder, "tokenizer.json") as {
      added_tokens?: { content: string; id: number }[];
    };
    for (const { content, id } of added_tokens) special.set(content, id);
  }
  return special;
}

function json(folder: string, file: string): unknown {
  try {
    const value: unknown = JSON.parse(readFileSync(join(folder, file), "utf8"));
    if (typeof value === "object" && value !== null) return value;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  throw new CheckpointError(file, "expected a JSON object");
}
