/**
 * What one setting demands of another.
 *
 * @module
 */
import type { Settings } from "./settings.ts";
import type { SettingName } from "./table.ts";

export interface CrossProblem {
  name: SettingName;
  message: string;
}

const notAbove = (settings: Settings, name: SettingName, limit: SettingName): CrossProblem[] =>
  Number(settings[name]) > Number(settings[limit])
    ? [{ name, message: `${name} is ${settings[name]}, more than ${limit}, which is ${settings[limit]}` }]
    : [];

export function crossProblems(settings: Settings): CrossProblem[] {
  return [
    ...notAbove(settings, "seedvr2_min_resolution", "seedvr2_max_resolution"),
    ...notAbove(settings, "qwen_default_width", "qwen_max_width"),
    ...notAbove(settings, "qwen_default_height", "qwen_max_height"),
    ...notAbove(settings, "qwen_generate_steps", "qwen_max_steps"),
    ...notAbove(settings, "qwen_edit_steps", "qwen_max_steps"),
  ];
}

/** Whether only programs on this machine can reach a server that listens on `host`. */
export function isLoopbackHost(host: string): boolean {
  const bare = host.replace(/^\[(.*)\]$/, "$1").toLowerCase();
  return bare === "localhost" || bare === "::1" || /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(bare);
}

/**
 * Why the server must not start with these settings, or null. Only `run` asks: the other commands open no port.
 */
export function insecureBind(settings: Settings): string | null {
  if (isLoopbackHost(settings.host) || settings.auth_token !== null || settings.allow_insecure_bind)
    return null;
  return (
    `Refusing to listen on ${settings.host} without auth_token: everybody who reaches this machine could use the server. ` +
    "Set auth_token (EASEL_AUTH_TOKEN), or listen on 127.0.0.1, or set allow_insecure_bind if something before the server checks who calls"
  );
}
