/**
 * The Homebrew formula of a release. A formula, not a cask: what brew installs from a formula carries no quarantine mark.
 *
 *     bun packaging/formula.ts --version 1.2.3 --base https://host/releases/download/v1.2.3 --checksums SHA256SUMS > easel.rb
 *
 * @module
 */
import { parseArgs } from "node:util";

export interface Release {
  version: string;
  /** Address of the folder that holds the release's archives. */
  base: string;
  /** SHA-256 by archive name. */
  checksums: ReadonlyMap<string, string>;
  homepage: string;
}

/** The name of the archive of a target. */
export function archiveName(version: string, target: string): string {
  return `easel-${version}-${target}.tar.gz`;
}

export function formula({ version, base, checksums, homepage }: Release): string {
  const source = (target: string) => {
    const name = archiveName(version, target);
    const sum = checksums.get(name);
    if (!sum) throw new Error(`No checksum for ${name}`);
    return `url "${base}/${name}"\n      sha256 "${sum}"`;
  };
  return `class Easel < Formula
  desc "Local server for image models: depth, upscaling, generation and editing"
  homepage "${homepage}"
  version "${version}"
  license "Apache-2.0"

  on_macos do
    depends_on arch: :arm64
    depends_on macos: :sonoma
    on_arm do
      ${source("darwin-arm64")}
    end
    # never fetched: without an address here brew would not get as far as the line on the architecture
    on_intel do
      ${source("darwin-arm64")}
    end
  end

  on_linux do
    on_arm do
      ${source("linux-arm64")}
    end
    on_intel do
      ${source("linux-x64")}
    end
  end

  def install
    bin.install "easel"
    doc.install "LICENSE", "NOTICE"
    generate_completions_from_executable(bin/"easel", "completion", shells: [:bash, :zsh, :fish])
  end

  service do
    run [opt_bin/"easel", "run"]
    keep_alive crashed: true
    process_type :interactive
    log_path var/"log/easel.log"
    error_log_path var/"log/easel.log"
  end

  test do
    port = free_port
    ENV["EASEL_DATA_DIR"] = testpath/"data"
    ENV["EASEL_CACHE_DIR"] = testpath/"cache"
    pid = spawn bin/"easel", "run", "--port", port.to_s
    begin
      document = shell_output("curl --silent --fail --retry 20 --retry-connrefused http://127.0.0.1:#{port}/openapi.json")
      assert_match "/v1/jobs", document
    ensure
      Process.kill "TERM", pid
      Process.wait pid
    end
  end
end
`;
}

/** Reads lines as `sha256sum` prints them. */
export function readChecksums(text: string): Map<string, string> {
  const lines = [...text.matchAll(/^([0-9a-f]{64}) [ *](.+)$/gm)];
  return new Map(lines.map(([, sum, name]) => [name!, sum!]));
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: {
      version: { type: "string" },
      base: { type: "string" },
      checksums: { type: "string" },
      homepage: { type: "string" },
    },
  });
  const { version, base, checksums, homepage } = values;
  if (!version || !base || !checksums || !homepage) {
    console.error("usage: bun packaging/formula.ts --version V --base URL --checksums FILE --homepage URL");
    process.exit(2);
  }
  const sums = readChecksums(await Bun.file(checksums).text());
  process.stdout.write(formula({ version, base, checksums: sums, homepage }));
}
