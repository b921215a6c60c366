import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { addressBytes, isPublicAddress } from "../../../src/net/addresses.ts";

const isPublic = (text: string) => isPublicAddress(addressBytes(text)!);

describe("addresses that are not public", () => {
  test.each([
    ..."0.0.0.0 0.1.2.3 10.0.0.1 10.255.255.255 100.64.0.0 100.127.255.255 127.0.0.1 127.255.255.255 169.254.169.254".split(
      " ",
    ),
    ..."172.16.0.1 172.31.255.255 192.0.0.1 192.0.2.1 192.88.99.1 192.168.1.1 198.18.0.1 198.19.255.255 198.51.100.1".split(
      " ",
    ),
    ..."203.0.113.1 224.0.0.1 239.255.255.255 240.0.0.1 255.255.255.255".split(" "),
    ...":: ::1 ::ffff:127.0.0.1 ::ffff:7f00:1 ::ffff:10.0.0.1 ::127.0.0.1 ::ffff:0:127.0.0.1 64:ff9b::7f00:1".split(
      " ",
    ),
    ..."64:ff9b::10.1.2.3 64:ff9b:1::1 100::1 2001::1 2001:20::1 2001:db8::1 2002:7f00:1:: 2002:a9fe:a9fe::1".split(
      " ",
    ),
    ..."3fff::1 3fff:fff::1 fc00::1 fd00:ec2::254 fe80::1 fec0::1 ff02::1 4000::1 8000::1 5f00::1".split(" "),
  ])("%s", (text) => {
    expect(isPublic(text)).toBe(false);
  });
});

describe("addresses that are public", () => {
  test.each([
    ..."1.1.1.1 8.8.8.8 9.255.255.255 11.0.0.0 100.63.255.255 100.128.0.0 126.255.255.255 128.0.0.0".split(
      " ",
    ),
    ..."169.253.255.255 169.255.0.0 172.15.255.255 172.32.0.0 191.255.255.255 192.0.1.1 192.167.255.255".split(
      " ",
    ),
    ..."192.169.0.0 198.17.255.255 198.20.0.0 223.255.255.255".split(" "),
    ..."2606:4700:4700::1111 2a00:1450:4001:82b::200e 2001:4860:4860::8888 ::ffff:8.8.8.8 64:ff9b::808:808 2002:808:808::1".split(
      " ",
    ),
  ])("%s", (text) => {
    expect(isPublic(text)).toBe(true);
  });
});

describe("properties", () => {
  const octets = fc.tuple(fc.nat(255), fc.nat(255), fc.nat(255), fc.nat(255));
  const hex = (high: number, low: number) => ((high << 8) | low).toString(16);

  test("an address wrapped in IPv6 is as public as it is itself", () => {
    fc.assert(
      fc.property(octets, ([a, b, c, d]) => {
        const plain = `${a}.${b}.${c}.${d}`;
        const [high, low] = [hex(a, b), hex(c, d)];
        for (const wrapped of [
          `::ffff:${plain}`,
          `::ffff:${high}:${low}`,
          `0:0:0:0:0:FFFF:${high}:${low}`,
          `64:ff9b::${plain}`,
          `2002:${high}:${low}::`,
          `2002:${high}:${low}:1:2:3:4:5`,
        ]) {
          expect([wrapped, isPublic(wrapped)]).toEqual([wrapped, isPublic(plain)]);
        }
      }),
    );
  });

  test("nothing outside of 2000::/3 is public but what carries a public IPv4 address", () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 16, maxLength: 16 }), (bytes) => {
        const carried =
          bytes.slice(0, 10).every((byte) => byte === 0) || (bytes[0] === 0 && bytes[1] === 0x64);
        if ((bytes[0]! & 0xe0) !== 0x20 && !carried) expect(isPublicAddress(bytes)).toBe(false);
      }),
    );
  });

  test("every spelling of an IPv6 address has the same bytes", () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof(fc.constant(0), fc.nat(0xffff)), { minLength: 8, maxLength: 8 }),
        (groups) => {
          const expected = Uint8Array.from(groups.flatMap((group) => [group >> 8, group & 0xff]));
          const full = groups.map((group) => group.toString(16).padStart(4, "0")).join(":");
          const short = new URL(`http://[${full}]/`).hostname.slice(1, -1);
          const dotted = `${groups
            .slice(0, 6)
            .map((group) => group.toString(16))
            .join(":")}:${expected.slice(12).join(".")}`;
          for (const text of [full, full.toUpperCase(), short, dotted])
            expect([text, addressBytes(text)]).toEqual([text, expected]);
        },
      ),
    );
  });

  test("text that is no address has no bytes", () => {
    for (const text of [
      "",
      "localhost",
      "1.2.3",
      "1.2.3.4.5",
      "256.1.1.1",
      "fe80::1%eth0",
      ":::",
      "1::2::3",
      "0x7f.1",
    ]) {
      expect(addressBytes(text)).toBeNull();
    }
  });
});
