/**
 * Rules about the address that the server listens on.
 *
 * @module
 */
import type { Settings } from "./settings.ts";

/** Whether only programs on this machine can reach a server that listens on `host`. */
export function isLoopbackHost(host: string): boolean {
  const bare = host.replace(/^\[(.*)\]$/, "$1").toLowerCase();
  return bare === "localhost" || bare === "::1" || /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(bare);
}

/**
 * Why the server must not start with these settings, or null. Only `run` asks: the other commands open no port.
 */
export function insecureBind(settings: Settings): string | null {
  const { host, auth_token } = settings;
  if (isLoopbackHost(host) || settings.allow_insecure_bind) return null;
  if (auth_token !== null)
    return isGuessable(auth_token)
      ? `Refusing to listen on ${host} with an auth_token that is easily guessed: ` +
          "it needs 8 characters or more, and must be no placeholder. Make one with: openssl rand -hex 16"
      : null;
  return (
    `Refusing to listen on ${settings.host} without auth_token: everybody who reaches this machine could use the server. ` +
    "Set auth_token (EASEL_AUTH_TOKEN), or listen on 127.0.0.1, or set allow_insecure_bind if something before the server checks who calls"
  );
}

/** Why a setting of a fleet has no effect, or null. An empty EASEL_FLEET_URL counts as none. */
export function withoutFleet({ fleet_role, fleet_url, files_url }: Settings): string | null {
  if (fleet_url !== null) return null;
  const what = (name: string, state: string) =>
    `${name} is ${state}, but there is no fleet: set fleet_url (EASEL_FLEET_URL), or leave ${name} out`;
  if (fleet_role !== "both") return what("fleet_role", fleet_role);
  return files_url === null ? null : what("files_url", "set");
}

const placeholder =
  /^(<.*>|\W*|.*(change.?me|your.?token|placeholder|example).*|password\d*|test\d*|token\d*)$/i;

/** A token that is short, repeats itself, or was copied from documentation. */
const isGuessable = (token: string) => token.length < 8 || new Set(token).size < 4 || placeholder.test(token);
