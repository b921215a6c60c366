import { expect, test } from "bun:test";
import { Refusal } from "../../../../src/errors.ts";
import { inFlight } from "../../../../src/http/request/in-flight.ts";

const refused = (promise: Promise<void> | undefined) =>
  promise?.then(
    () => "admitted",
    (error) => (error instanceof Refusal ? [error.code, error.headers["Retry-After"]] : error),
  );

test("what fits is let through at once, and given back", () => {
  const bound = inFlight(100, { freeBytes: 0 });
  const [one, two] = [bound.share(), bound.share()];
  expect([one.grow(60), two.grow(40), bound.held()]).toEqual([undefined, undefined, 100]);
  one.release();
  one.release();
  expect(bound.held()).toBe(40);
  two.release();
  expect(bound.held()).toBe(0);
});

test("the first bytes of a request never wait", () => {
  const bound = inFlight(100, { freeBytes: 10 });
  const large = bound.share();
  large.grow(110);
  const small = bound.share();
  expect([small.grow(4), small.grow(6), bound.held()]).toEqual([undefined, undefined, 100]);
});

test("one alone may be larger than the bound", () => {
  const bound = inFlight(100, { freeBytes: 0 });
  expect(bound.share().grow(500)).toBeUndefined();
});

test("who waits is let in when there is room, the oldest first, and keeps what others give back", async () => {
  const bound = inFlight(100, { freeBytes: 0 });
  const [first, second, third] = [bound.share(), bound.share(), bound.share()];
  first.grow(100);
  const order: string[] = [];
  const wait = second.grow(60)!.then(() => order.push("second"));
  const behind = third.grow(10)!.then(() => order.push("third"));
  first.release();
  await wait;
  expect([order, bound.held()]).toEqual([["second"], 60]);
  expect(second.grow(40)).toBeUndefined();
  second.release();
  await behind;
  expect([order, bound.held()]).toEqual([["second", "third"], 10]);
});

test("who waited too long in all is refused, and the others go on", async () => {
  const bound = inFlight(100, { freeBytes: 0, patienceMs: 20 });
  const [first, second] = [bound.share(), bound.share()];
  first.grow(100);
  expect(await refused(second.grow(10))).toEqual(["overloaded", "5"]);
  second.release();
  expect([first.grow(1), bound.held()]).toEqual([undefined, 101]);
});

test("requests that wait for each other are refused from the youngest on until the oldest can go on", async () => {
  const bound = inFlight(100, { freeBytes: 0, patienceMs: 60_000 });
  const shares = [1, 2, 3, 4].map(() => bound.share());
  for (const share of shares) share.grow(25);
  const ends = shares.map(async (share, index) => {
    const end = await refused(share.grow(50));
    share.release();
    return [index, end];
  });
  expect(await Promise.all(ends)).toEqual([
    [0, "admitted"],
    [1, "admitted"],
    [2, ["overloaded", "5"]],
    [3, ["overloaded", "5"]],
  ]);
  expect(bound.held()).toBe(0);
});
