import { expect, test } from "bun:test";
import { localNetworkReason } from "../../../src/net/local-network.ts";

test("a machine of the local network that a Mac cannot reach is explained by the switch that forbids it", () => {
  for (const address of ["192.168.1.20", "10.0.0.4", "172.16.9.9", "fe80::1", "fd00::5"])
    expect(localNetworkReason("EHOSTUNREACH", address, "darwin")).toContain("Local Network");
});

test("a public address, another failure and another system are not", () => {
  expect(localNetworkReason("EHOSTUNREACH", "93.184.216.34", "darwin")).toBeUndefined();
  expect(localNetworkReason("ECONNREFUSED", "192.168.1.20", "darwin")).toBeUndefined();
  expect(localNetworkReason("EHOSTUNREACH", "192.168.1.20", "linux")).toBeUndefined();
});
