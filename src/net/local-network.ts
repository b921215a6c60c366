import { addressBytes, isPublicAddress } from "./addresses.ts";

/**
 * Why macOS may say that there is no way to a machine next door: since macOS 15 a program reaches the local network only when the
 * person at the screen has allowed it, and a server has nobody to ask.
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
