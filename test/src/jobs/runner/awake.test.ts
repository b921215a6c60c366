import { expect, test } from "bun:test";
import { stayAwake } from "../../../../src/jobs/runner/awake.ts";

test("stayAwake() holds a Mac awake until it is let go, and no longer than the process lives", () => {
  const commands: string[][] = [];
  let killed = 0;
  const spawn = (command: string[]) => {
    commands.push(command);
    return { kill: () => killed++ };
  };
  const rest = stayAwake({ platform: "darwin", pid: 42, spawn })();
  expect(commands).toEqual([["/usr/bin/caffeinate", "-i", "-w", "42"]]);
  expect(killed).toBe(0);
  rest();
  expect(killed).toBe(1);
});

test("stayAwake() runs jobs all the same where it cannot, and does nothing elsewhere", () => {
  let asked = 0;
  const spawn = () => {
    asked++;
    throw new Error("not found");
  };
  expect(stayAwake({ platform: "darwin", pid: 1, spawn })()).not.toThrow();
  expect(asked).toBe(1);
  expect(stayAwake({ platform: "linux", pid: 1, spawn })()).not.toThrow();
  expect(asked).toBe(1);
});
