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

const sentence = (text: string) => {
  const trimmed = text.trim();
  const first = trimmed.charAt(0).toUpperCase() + trimmed.slice(1);
  return /[.!?…]$/.test(first) ? first : `${first}.`;
};

/** `message` is the server's; the title and the next step follow from its code. */
export function problemOf(message: string, code: string | undefined): Problem {
  const words = sentence(message);
  switch (code) {
    case "invalid_image":
      return {
        title: "This file is not a readable image",
        words: /JPEG/.test(words) ? words : `${words} easel opens JPEG, PNG, WebP, GIF, TIFF, HEIC and AVIF.`,
        retry: false,
        next: "choose",
      };
    case "too_many_pixels":
      return {
        title: "This image is too large",
        words,
        retry: false,
        next: "smaller",
      };
    case "over_budget":
    case "out_of_memory":
      return { title: "Not enough memory", words, retry: false, next: "smaller" };
    case "not_activated":
      return { title: "This model is not installed", words, retry: false, next: "models" };
    case "unknown_file":
      if (/lora_dir|adapter/.test(message))
        return {
          title: "This LoRA is no longer in the server's folder",
          words: "Remove it from the form, or put its file back.",
          retry: true,
        };
      return {
        title: "The image is no longer on the server",
        words: "It was deleted there. Choose it again to go on.",
        retry: false,
        next: "choose",
      };
    case "disk_full":
      return {
        title: "The server's disk is full",
        words: `${words} Delete results that you no longer need.`,
        retry: true,
        next: "results",
      };
    case "unreachable":
      return {
        title: "No connection to the server",
        words: "Start easel again; this page reconnects by itself.",
        retry: true,
      };
    case "queue_full":
      return { title: "The queue is full", words, retry: true };
    case "invalid_request":
    case "invalid_parameter":
    case "lora_mismatch":
      return { title: "These settings do not work together", words, retry: false };
    default:
      return { title: "Something went wrong", words, retry: true };
  }
}
