import { addressBytes, isPublicAddress } from "./addresses.ts";

/**
 * Explains EHOSTUNREACH for a private address on macOS. Since macOS 15 a program reaches the local network only when the user has
 * allowed it, and a server in the background cannot ask.
 */
export function localNetworkReason(
  code: string,
  address: string,
  platform: NodeJS.Platform = process.platform,
): string | undefined {
  const bytes = addressBytes(address);
  if (platform !== "darwin" || code !== "EHOSTUNREACH" || !bytes || isPublicAddress(bytes)) return undefined;
  return (
    "no route to it. macOS lets a program reach machines of the local network only where System Settings → Privacy & Security → " +
    "Local Network allows it: switch easel on there, or the terminal that it was started in"
  );
}
