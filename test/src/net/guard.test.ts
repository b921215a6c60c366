import { describe, expect, test } from "bun:test";
import { type GuardOptions, parseUrl, vet, vetWithoutLookup } from "../../../src/net/guard.ts";

const options = (over: Partial<GuardOptions> = {}): GuardOptions => ({
  allowPrivate: false,
  allowedHosts: [],
  resolve: async () => ["93.184.215.14"],
  ownAddresses: () => [],
  ...over,
});
const outcome = async (url: string, over: Partial<GuardOptions> = {}) => {
  try {
    return (await vet(parseUrl(url, "image url"), "image url", options(over))).addresses;
  } catch (error) {
    return (error as { code: string }).code;
  }
};

describe("a URL that is malformed or of another scheme is refused before any name is resolved", () => {
  test.each([
    "file:///etc/passwd",
    "ftp://example.org/x",
    "gopher://example.org:70/_x",
    "data:text/plain,x",
    "javascript:alert(1)",
    "//example.org/x",
    "/etc/passwd",
    "example.org",
    "http://",
    "http://[::1",
    "http://example.org:99999/",
    "http://1.2.3.4.5/",
    "http://user:password@example.org/",
    "http://user@example.org/",
    "",
  ])("%p", (url) => {
    expect(() => parseUrl(url, "image url")).toThrow(expect.objectContaining({ code: "invalid_reference" }));
  });
});

describe("a literal that is not public is refused, however it is written", () => {
  test.each([
    "http://127.0.0.1/",
    "http://127.1/",
    "http://2130706433/",
    "http://0177.0.0.1/",
    "http://0x7f.1/",
    "http://0x7f000001/",
    "http://0/",
    "http://0.0.0.0/",
    "http://１２７.0.0.1/",
    "http://127。0。0。1/",
    "http://127.0.0.1./",
    "http://[::]/",
    "http://[::1]/",
    "http://[::ffff:127.0.0.1]/",
    "http://[::ffff:7f00:1]/",
    "http://[64:ff9b::7f00:1]/",
    "http://[2002:7f00:1::]/",
    "http://[fc00::1]/",
    "http://[fd00:ec2::254]/",
    "http://169.254.169.254/latest/meta-data/",
    "http://100.64.1.1/",
    "http://255.255.255.255/",
  ])("%s", async (url) => {
    const never = async () => {
      throw new Error("a literal was looked up");
    };
    expect(await outcome(url, { resolve: never })).toBe("private_url");
  });
});

describe("a name", () => {
  const resolvesTo = (...addresses: string[]) => ({ resolve: async () => addresses });
  test("is what its addresses are", async () => {
    expect(await outcome("http://example.org/", resolvesTo("8.8.8.8", "2606:4700::1"))).toEqual([
      "8.8.8.8",
      "2606:4700::1",
    ]);
    expect(await outcome("http://example.org/", resolvesTo("127.0.0.1"))).toBe("private_url");
    expect(await outcome("http://example.org/", resolvesTo("8.8.8.8", "10.0.0.1"))).toBe("private_url");
    expect(await outcome("http://example.org/", resolvesTo("fe80::1%eth0"))).toBe("private_url");
    expect(await outcome("http://example.org/", resolvesTo("nonsense"))).toBe("private_url");
  });
  test("of this machine leads to its loopback", async () => {
    const { resolve: _, ...real } = options();
    for (const host of ["localhost", "localhost.", "LOCALHOST"]) {
      const refused = vet(new URL(`http://${host}/`), "image url", real);
      await expect(refused).rejects.toMatchObject({ code: "private_url" });
    }
  });
  test("that nobody knows cannot be resolved", async () => {
    expect(await outcome("http://example.org/", resolvesTo())).toBe("fetch_failed");
    const broken = async () => {
      throw new Error("ENOTFOUND");
    };
    expect(await outcome("http://example.org/", { resolve: broken })).toBe("fetch_failed");
  });
  test("is resolved once", async () => {
    let asked = 0;
    const rebinding = { resolve: async () => [asked++ % 2 === 0 ? "8.8.8.8" : "127.0.0.1"] };
    expect(await outcome("http://example.org/", rebinding)).toEqual(["8.8.8.8"]);
    expect(asked).toBe(1);
  });
  test("of a public address of this very machine is refused", async () => {
    const own = { ...resolvesTo("8.8.8.8"), ownAddresses: () => ["8.8.8.8"] };
    expect(await outcome("http://example.org/", own)).toBe("private_url");
    expect(await outcome("http://example.org/", { ...own, allowedHosts: ["example.org"] })).toEqual([
      "8.8.8.8",
    ]);
  });
});

describe("ports", () => {
  test.each([
    "http://example.org/",
    "http://example.org:443/",
    "https://example.org:80/",
    "https://example.org:443/",
  ])("%s is open", async (url) => {
    expect(await outcome(url)).toEqual(["93.184.215.14"]);
  });
  test.each([22, 25, 6379, 8080, 11211])("%i is not", async (port) => {
    expect(await outcome(`http://example.org:${port}/`)).toBe("private_url");
    expect(await outcome(`http://example.org:${port}/`, { allowedHosts: [`example.org:${port}`] })).toEqual([
      "93.184.215.14",
    ]);
  });
});

describe("allowed hosts", () => {
  const home = { resolve: async () => ["192.168.1.9"] };
  test.each([
    ["http://nas.local/", ["nas.local"], true],
    ["http://NAS.local./", ["nas.LOCAL"], true],
    ["http://nas.local:9000/", ["nas.local"], true],
    ["http://nas.local:9000/", ["nas.local:9000"], true],
    ["http://nas.local:9001/", ["nas.local:9000"], false],
    ["http://nas.local/", ["nas.local:9000"], false],
    ["https://nas.local/", ["nas.local:443"], true],
    ["http://evil.nas.local/", ["nas.local"], false],
    ["http://nas.local.evil/", ["nas.local"], false],
    ["http://192.168.1.9/", ["192.168.1.9"], true],
    ["http://0xc0a80109/", ["192.168.1.9"], true],
    ["http://192.168.1.9:81/", ["192.168.1.9:81"], true],
    ["http://[fd00::1]/", ["fd00::1"], true],
    ["http://[fd00:0::0:1]:81/", ["[fd00::1]:81"], true],
    ["http://[fd00::2]/", ["fd00::1"], false],
  ])("%s with %p", async (url, allowedHosts, passes) => {
    const result = await outcome(url, { ...home, allowedHosts });
    expect(Array.isArray(result)).toBe(passes);
  });
  test("all private places pass when that is set", async () => {
    expect(await outcome("http://127.0.0.1:6379/", { allowPrivate: true })).toEqual(["127.0.0.1"]);
  });
});

describe("without a look-up", () => {
  const check = (url: string, over: Partial<GuardOptions> = {}) => {
    const never = async () => {
      throw new Error("resolved");
    };
    try {
      vetWithoutLookup(parseUrl(url, "webhook"), "webhook", options({ resolve: never, ...over }));
      return "passes";
    } catch (error) {
      return (error as { code: string }).code;
    }
  };

  test.each([
    "http://127.0.0.1:9999/hook",
    "http://127.0.0.1/hook",
    "http://[::1]/hook",
    "http://10.1.2.3/hook",
    "http://localhost/hook",
    "http://LOCALHOST./hook",
    "http://a.localhost/hook",
    "https://example.org:8443/hook",
    "http://5.6.7.8/hook",
  ])("%s is refused", (url) => {
    expect(check(url, { ownAddresses: () => ["5.6.7.8"] })).toBe("private_url");
  });

  test.each(["https://example.org/hook", "http://93.184.215.14/hook", "http://notlocalhost/hook"])(
    "%s passes",
    (url) => {
      expect(check(url)).toBe("passes");
    },
  );

  test("places that the operator allows pass", () => {
    expect(check("http://127.0.0.1:9999/hook", { allowedHosts: ["127.0.0.1:9999"] })).toBe("passes");
    expect(check("http://localhost:9999/hook", { allowPrivate: true })).toBe("passes");
  });
});
