/**
 * Remedies for a GPU that does not work, by the messages of Metal and MLX.
 *
 * @module
 */

const remedies: readonly (readonly [said: RegExp, remedy: string])[] = [
  [/no gpu that mlx can use/i, "on Linux easel computes on the processor: set `device` to auto or cpu"],
  [
    /load device|no metal device/i,
    "macOS gives this process no GPU, as happens over ssh before anybody has logged in at the screen, and in some virtual machines: " +
      "log in at the screen, or run easel as a service of your session (easel service install)",
  ],
  [
    /language version/i,
    "the GPU's kernels were made for a newer macOS: update macOS, or take the release of easel for this one",
  ],
  [
    /unable to (load|build) (kernel|function|metal library)|mtlcompilerservice|xpc|compiler/i,
    "macOS's compiler of GPU kernels did not do its work: restart the Mac, and install macOS updates if it comes again",
  ],
  [
    /metallib/i,
    "the file of the GPU's kernels is missing or damaged: easel check --engine unpacks it again; where that does not help, delete " +
      "the folder that easel doctor names under native parts",
  ],
  [
    /wrong by/i,
    "the GPU computes wrong numbers: install macOS updates; until then the setting `device: cpu` computes on the processor",
  ],
  [
    /insufficient memory|out of memory|unable to allocate/i,
    "the GPU has no memory left: close other programs, or set memory_limit_gb",
  ],
];

const send = "easel doctor prints a page to send with a question";

/** The message, followed by its remedy and by the command whose output helps others. */
export function withRemedy(message: string): string {
  const remedy = remedies.find(([said]) => said.test(message))?.[1];
  return [message, ...(remedy === undefined ? [] : [remedy]), send].join("\n  ");
}
