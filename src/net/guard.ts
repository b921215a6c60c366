/**
 * Which URLs of clients the server may call, and at which address.
 *
 * @module
 */
import { lookup } from "node:dns/promises";
import { networkInterfaces } from "node:os";
import { Refusal } from "../errors.ts";
import { addressBytes, isPublicAddress } from "./addresses.ts";

export interface GuardOptions {
  /** Lets every address and port through. */
  allowPrivate: boolean;
  /** `host` or `host:port`: places that may be called whatever their address. */
  allowedHosts: readonly string[];
  /** All addresses of a name. */
  resolve?: (host: string) => Promise<readonly string[]>;
  /** Addresses of this machine, which no client may have called. */
  ownAddresses?: () => readonly string[];
}

/** A vetted URL. Connect to one of these addresses, without another look-up. */
export interface Vetted {
  url: URL;
  addresses: readonly string[];
}

const resolveName = async (host: string) => (await lookup(host, { all: true })).map(({ address }) => address);
const machineAddresses = () =>
  Object.values(networkInterfaces()).flatMap((addresses) => (addresses ?? []).map(({ address }) => address));

/** Reads a URL that a client wrote. `what` names it in messages, such as "image url". */
export function parseUrl(text: string, what: string): URL {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (!url || (url.protocol !== "http:" && url.protocol !== "https:")) {
    throw new Refusal("invalid_reference", `${what} must be an absolute http:// or https:// URL`);
  }
  if (url.username !== "" || url.password !== "") {
    throw new Refusal("invalid_reference", `${what} must not hold a user name or a password`);
  }
  return url;
}

/**
 * Refuses a URL whose port or literal address may not be called. Resolves no name, so it costs nothing and may say yes too often.
 *
 * @throws {Refusal} `private_url`
 */
export function vetWithoutLookup(url: URL, what: string, options: GuardOptions): void {
  if (isTrusted(url, options)) return;
  if (url.port !== "" && url.port !== "80" && url.port !== "443") {
    throw new Refusal(
      "private_url",
      `${what} names port ${url.port}; only ports 80 and 443 and the hosts of the setting allowed_url_hosts are allowed`,
    );
  }
  const host = hostOf(url);
  if (addressBytes(host)) demandPublic([host], host, what, options);
  // These names lead to the machine itself by definition (RFC 6761).
  else if (/(^|\.)localhost$/i.test(host)) demandPublic(["127.0.0.1"], host, what, options);
}

/**
 * Resolves a URL's host once and says which addresses may be called.
 *
 * @throws {Refusal} `private_url` when one of them is not public, `fetch_failed` when the name is unknown.
 */
export async function vet(url: URL, what: string, options: GuardOptions): Promise<Vetted> {
  vetWithoutLookup(url, what, options);
  const host = hostOf(url);
  const addresses = addressBytes(host) ? [host] : await resolved(host, what, options);
  if (!isTrusted(url, options)) demandPublic(addresses, host, what, options);
  return { url, addresses };
}

const isTrusted = (url: URL, { allowPrivate, allowedHosts }: GuardOptions) =>
  allowPrivate || isAllowedHost(url, allowedHosts);

function demandPublic(addresses: readonly string[], host: string, what: string, options: GuardOptions): void {
  const own = new Set((options.ownAddresses ?? machineAddresses)().map(keyOf));
  for (const address of addresses) {
    const bytes = addressBytes(address);
    if (!bytes || !isPublicAddress(bytes) || own.has(keyOf(address))) {
      throw new Refusal(
        "private_url",
        `${what} host '${shown(host)}' resolves to non-public address ${shown(address)}`,
      );
    }
  }
}

/** Equal addresses have equal keys, however they are written. */
const keyOf = (address: string) => addressBytes(address)?.join(".") ?? address;

/** The host of a URL without the brackets of IPv6 and without a final dot. */
const hostOf = (url: URL) => url.hostname.replace(/^\[(.*)\]$/, "$1").replace(/\.$/, "");

/** Shortens long names for messages. */
const shown = (text: string) => (text.length > 80 ? `${text.slice(0, 80)}…` : text);

async function resolved(host: string, what: string, options: GuardOptions): Promise<readonly string[]> {
  const addresses = await (options.resolve ?? resolveName)(host).catch(() => []);
  if (addresses.length === 0)
    throw new Refusal("fetch_failed", `cannot resolve ${what} host '${shown(host)}'`);
  return addresses;
}

function isAllowedHost(url: URL, allowed: readonly string[]): boolean {
  const host = keyOf(hostOf(url));
  const port = url.port || (url.protocol === "https:" ? "443" : "80");
  return allowed.some((entry) => {
    // An IPv6 address without brackets has colons, so it cannot have a port.
    const [, name = entry, wanted = port] = (!addressBytes(entry) && /^(.*):(\d+)$/.exec(entry)) || [];
    const plain = name.toLowerCase().replace(/^\[(.*)\]$/, "$1");
    return keyOf(plain.replace(/\.$/, "")) === host && wanted === port;
  });
}
