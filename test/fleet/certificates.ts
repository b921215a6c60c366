/**
 * Certificates for tests of TLS, made by openssl.
 *
 * @module
 */
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface Certificates {
  /** The CA of the server's certificate, and one that signed nothing. */
  ca: string;
  otherCa: string;
  /** For the name localhost, and not for 127.0.0.1. */
  server: { certificate: string; key: string };
}

const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];

export function makeCertificates(): Certificates {
  const folder = mkdtempSync(join(tmpdir(), "easel-certificates-"));
  const openssl = (...args: string[]) => {
    const { success, stderr } = Bun.spawnSync(["openssl", ...args], { cwd: folder, stderr: "pipe" });
    if (!success) throw new Error(`openssl failed: ${stderr}`);
  };
  for (const name of ["ca", "other"])
    openssl(
      "req",
      "-x509",
      ...key,
      "-keyout",
      `${name}.key`,
      "-out",
      `${name}.crt`,
      "-days",
      "30",
      "-subj",
      `/CN=${name}`,
    );
  openssl("req", ...key, "-keyout", "server.key", "-out", "server.csr", "-subj", "/CN=localhost");
  writeFileSync(join(folder, "names"), "subjectAltName=DNS:localhost");
  const signed = ["-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial", "-days", "30", "-extfile", "names"];
  openssl("x509", "-req", "-in", "server.csr", ...signed, "-out", "server.crt");
  const path = (name: string) => join(folder, name);
  return {
    ca: path("ca.crt"),
    otherCa: path("other.crt"),
    server: { certificate: path("server.crt"), key: path("server.key") },
  };
}
