/**
 * What went wrong, in words, and what can be done about it.
 *
 * @module
 */
export interface Problem {
  title: string;
  words: string;
  /** Repeating the same request may help. */
  retry: boolean;
  next?: "choose" | "smaller" | "models" | "results";
}

type Rule = Omit<Problem, "words"> & { words?: string };

const formats = "easel opens JPEG, PNG, WebP, GIF, TIFF, HEIC and AVIF.";

const unreadable: Rule = { title: "This file is not a readable image", retry: false, next: "choose" };
const tooMuch: Rule = { title: "Not enough memory", retry: false, next: "smaller" };
const settings: Rule = { title: "These settings do not work together", retry: false };
const gone: Rule = {
  title: "The image is no longer on the server",
  words: "It was deleted there. Choose it again to go on.",
  retry: false,
  next: "choose",
};
const away: Rule = { title: "The server cannot take it now", retry: true };
const damagedModel: Rule = {
  title: "The model does not work",
  words: "Remove it and download it again, or choose another one.",
  retry: true,
  next: "models",
};

/** By the server's code. */
const rules: Readonly<Record<string, Rule>> = {
  invalid_image: unreadable,
  too_many_pixels: { title: "This image is too large", retry: false, next: "smaller" },
  too_large: { title: "This file is too large", retry: false, next: "smaller" },
  over_budget: tooMuch,
  out_of_memory: tooMuch,
  timed_out: { title: "The job took too long", retry: true, next: "smaller" },
  not_activated: { title: "This model is not installed", retry: false, next: "models" },
  unknown_model: { title: "The server no longer has this model", retry: false, next: "models" },
  license_not_accepted: { title: "The model's licence was not accepted", retry: false, next: "models" },
  model_failed: damagedModel,
  checkpoint_invalid: damagedModel,
  unknown_file: gone,
  file_not_found: gone,
  file_damaged: gone,
  disk_full: { title: "The server's disk is full", retry: true, next: "results" },
  store_failed: { title: "The server could not write", retry: true, next: "results" },
  unreachable: {
    title: "No connection to the server",
    words: "Start easel again; this page reconnects by itself.",
    retry: true,
  },
  interrupted: { title: "The server stopped during the job", retry: true },
  queue_full: { title: "The queue is full", retry: true },
  overloaded: away,
  shutting_down: away,
  store_unavailable: away,
  files_unavailable: away,
  invalid_request: settings,
  invalid_parameter: settings,
  lora_mismatch: { title: "The LoRA does not fit this model", retry: false },
};

const unknown: Rule = { title: "Something went wrong", retry: true };
const missingAdapter: Rule = {
  title: "This LoRA is no longer in the server's folder",
  words: "Remove it from the form, or put its file back.",
  retry: true,
};

/** Where the message speaks of the mask: another image would not help. */
const maskRules: Readonly<Record<string, Rule>> = {
  invalid_image: { title: "The mask is not a readable image", retry: false },
  too_many_pixels: { title: "The mask is too large", retry: false },
  unknown_file: {
    title: "The mask is no longer on the server",
    words: "It was deleted there. Mark the region again.",
    retry: true,
  },
};

const sentence = (text: string) => {
  const trimmed = text.trim();
  const first = trimmed.charAt(0).toUpperCase() + trimmed.slice(1);
  return /[.!?…]$/.test(first) ? first : `${first}.`;
};

/** `message` is the server's; the title and the next step follow from its code. */
export function problemOf(message: string, code: string | undefined): Problem {
  const rule =
    code === "unknown_file" && /lora_dir|adapter/.test(message)
      ? missingAdapter
      : /\bmask\b/.test(message) && maskRules[code ?? ""]
        ? maskRules[code ?? ""]!
        : (rules[code ?? ""] ?? unknown);
  const said = sentence(message);
  if (rule === damagedModel) return { ...rule, words: `${said} ${rule.words}` };
  if (code === "invalid_image" && !said.includes("JPEG")) return { ...rule, words: `${said} ${formats}` };
  if (code === "disk_full") return { ...rule, words: `${said} Delete results that you no longer need.` };
  return { ...rule, words: rule.words ?? said };
}
