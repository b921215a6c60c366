/** Environment variables that are not settings, with their meaning, for the page of settings. */
export const earlyVariables: Readonly<Record<string, string>> = {
  EASEL_CONFIG: "Path of the settings file; `--config` wins over it.",
  EASEL_METAL_VARIANT:
    "Which kernels a Mac's GPU uses where the program carries two sets: `usual` or `metal-26.2`. Otherwise the newer ones, where they pass a test.",
  EASEL_NATIVE_DIR: "Folder with the native parts, instead of those inside the program. For development.",
  EASEL_CPU_KERNELS:
    "Instruction set of the kernels on Linux: `off`, `base`, `avx2`, `avx512`, `amx` or `amx_float32`, which makes no product with less than float32's accuracy; unset, the best that the processor has.",
  EASEL_CPU_THREADS:
    "Threads of the kernels on Linux; unset, as many as the process may use physical cores. Results do not depend on it.",
  EASEL_CPU_PIN:
    "Whether each of those threads stays on its core: `on` or `off`; unset, where cores run several threads or memory has several nodes, and every core has a thread.",
  EASEL_SERVICE_LABEL:
    "Label under which `easel service` installs the service on a Mac, `dev.easel.server` unless set.",
  EASEL_DEBUG: "With any value, an error of the command line is printed with its stack.",
  EASEL_URL: "Address of the server for the programs in `examples/`.",
  EASEL_INSTALL_DIR: "Folder that the install script puts the program into.",
  EASEL_RELEASES: "Address that the install script fetches releases from.",
};

/** Of those that take few values: which, and in words. Any other value is not used. */
export const earlyValues: Readonly<Record<string, { fits: RegExp; words: string }>> = {
  EASEL_CPU_THREADS: { fits: /^0*[1-9]\d{0,3}$/, words: "a whole number of at least 1" },
  EASEL_CPU_PIN: { fits: /^(on|off)$/, words: "on or off" },
};
