import { describe, expect, test } from "bun:test";
import type { Ask } from "../../../../src/check/doctor/ask.ts";
import { macBinary, macSystem, readSignature } from "../../../../src/check/doctor/mac.ts";

// What these programs print, put together from public reports of Macs. No Mac was at hand.
const answers: Record<string, { ok?: boolean; text: string }> = {
  sw_vers: { text: "ProductName:\t\tmacOS\nProductVersion:\t\t15.6.1\nBuildVersion:\t\t24G90" },
  "sysctl hw.model": { text: "hw.model: Mac14,2" },
  "sysctl hw.memsize": { text: "hw.memsize: 17179869184" },
  "sysctl machdep.cpu.brand_string": { text: "machdep.cpu.brand_string: Apple M2" },
  "sysctl iogpu.wired_limit_mb": { text: "iogpu.wired_limit_mb: 0" },
  "sysctl sysctl.proc_translated": { text: "sysctl.proc_translated: 0" },
  "launchctl managername": { text: "Aqua" },
  "codesign -dvv /Users/anna/easel": {
    text: `Executable=/Users/anna/easel
Identifier=easel
Format=Mach-O thin (arm64)
CodeDirectory v=20400 size=955011 flags=0x20002(adhoc,linker-signed) hashes=29839+0 location=embedded
Signature=adhoc
Info.plist=not bound
TeamIdentifier=not set
Sealed Resources=none
Internal requirements=none`,
  },
  "codesign --verify --strict /Users/anna/easel": { text: "" },
  "xattr -p com.apple.quarantine /Users/anna/easel": {
    ok: false,
    text: "xattr: /Users/anna/easel: No such xattr: com.apple.quarantine",
  },
};

const asking =
  (more: typeof answers = {}): Ask =>
  async (command) => {
    const answer = { ...answers, ...more }[command.join(" ")];
    return { ok: answer !== undefined && answer.ok !== false, text: answer?.text ?? "" };
  };

describe("a Mac", () => {
  test("is named by its system, chip, memory and session", async () => {
    const { facts, faults } = await macSystem(asking(), "24.6.0", {});
    expect(facts).toEqual({
      system: "macOS 15.6.1 (24G90)",
      kernel: "24.6.0",
      chip: "Apple M2",
      model: "Mac14,2",
      memory: "16 GB",
      "limit of wired GPU memory": "the system's own",
      session: "Aqua",
    });
    expect(faults).toEqual([]);
  });

  test("over ssh says so, and a virtual one that lacks names says less", async () => {
    const gone = { ok: false, text: "sysctl: unknown oid 'hw.model'" };
    const ask = asking({
      "launchctl managername": { text: "Background" },
      "sysctl hw.model": gone,
      "sysctl iogpu.wired_limit_mb": { ok: false, text: "sysctl: unknown oid 'iogpu.wired_limit_mb'" },
    });
    const { facts } = await macSystem(ask, "24.6.0", { SSH_CONNECTION: "10.0.0.2 5 10.0.0.1 22" });
    expect(facts).toMatchObject({ session: "Background, over ssh", model: null, chip: "Apple M2" });
  });

  test("that is too old, or runs easel under Rosetta, is told", async () => {
    const { faults } = await macSystem(
      asking({ "sysctl sysctl.proc_translated": { text: "sysctl.proc_translated: 1" } }),
      "22.6.0",
      {},
    );
    expect(faults).toEqual([
      "easel needs macOS 14 or newer; this is macOS 13",
      expect.stringContaining("under Rosetta"),
    ]);
  });
});

describe("the binary on a Mac", () => {
  test("signed ad hoc and without a mark is well", async () => {
    expect(await macBinary(asking(), "/Users/anna/easel")).toEqual({
      name: "Binary",
      facts: {
        signature: "ad hoc",
        "hardened runtime": false,
        "signature is valid": true,
        quarantine: "none",
      },
      faults: [],
    });
  });

  test("that a browser fetched carries its mark, and the command that takes it away is named", async () => {
    const { facts, faults } = await macBinary(
      asking({
        "xattr -p com.apple.quarantine /Users/anna/easel": { text: "0081;68a1b2c3;Safari;9F1C2D3E-0000" },
      }),
      "/Users/anna/easel",
    );
    expect(facts.quarantine).toBe("set by Safari");
    expect(faults).toEqual([expect.stringContaining("xattr -d com.apple.quarantine")]);
  });

  test("that was changed after it was signed is told", async () => {
    const { faults } = await macBinary(
      asking({
        "codesign --verify --strict /Users/anna/easel": {
          ok: false,
          text: "/Users/anna/easel: invalid signature (code or signature have been modified)",
        },
      }),
      "/Users/anna/easel",
    );
    expect(faults).toEqual([expect.stringContaining("code or signature have been modified")]);
  });

  test("with a Developer ID is named by it, and its hardened runtime is seen", () => {
    const text = `CodeDirectory v=20500 size=9 flags=0x10000(runtime) hashes=29839+7 location=embedded
Authority=Developer ID Application: Example (TEAM123456)
Authority=Developer ID Certification Authority
Timestamp=Nov 2, 2026 at 10:00:00`;
    expect(readSignature(text)).toEqual({
      kind: "Developer ID Application: Example (TEAM123456)",
      hardened: true,
      authority: "Developer ID Application: Example (TEAM123456)",
    });
    expect(readSignature("easel: code object is not signed at all")).toBeNull();
  });

  test("on a system without these programs is told as not valid, not as an error", async () => {
    const { facts, faults } = await macBinary(async () => ({ ok: false, text: "" }), "/easel");
    expect(facts.signature).toBeNull();
    expect(faults).toHaveLength(1);
  });
});
