import { expect, test } from "bun:test";
import { auditBusOrder, type OnBus, type Written } from "./bus-order.ts";
import { createFindings } from "./findings.ts";

const written: Written[] = ["a1", "b1", "a2", "a3"].map((id, position) => ({
  id,
  about: "order",
  key: id[0] ?? "",
  position,
  digest: `content of ${id}`,
}));
const onBus = (ids: string): OnBus[] =>
  ids.split(" ").map((id) => ({ id, key: id[0] ?? "", partition: "p", digest: `content of ${id}` }));

function violations(records: readonly OnBus[], known = written): string[] {
  const findings = createFindings();
  auditBusOrder(known, records, findings);
  return findings.violations;
}

test("the order in which they were written is right, whatever other keys do, and as far as the bus has come", () => {
  expect(violations(onBus("a1 b1 a2 a3"))).toEqual([]);
  expect(violations(onBus("b1 a1 a2"))).toEqual([]);
});

test("a batch that is published again is right: the same events, again in their order", () => {
  expect(violations(onBus("a1 b1 a2 a1 b1 a2 a3"))).toEqual([]);
});

test("two of a key in the wrong order, and one that is left out, are told", () => {
  expect(violations(onBus("a2 a1 b1"))).toEqual([
    "order a: a2 is number 1 on the bus and was written as number 2",
  ]);
  expect(violations(onBus("a1 a3 b1"))).toEqual([
    "order a: a3 is number 2 on the bus and was written as number 3",
  ]);
});

test("another content, another partition and an event that nobody wrote are told", () => {
  const [first, ...rest] = onBus("a1 a2");
  expect(violations([{ ...(first as OnBus), digest: "another" }, ...rest])).toEqual([
    "order a: a1 is on the bus with another content than was written",
  ]);
  expect(violations([...rest.map((each) => ({ ...each, partition: "q" })), first as OnBus])).toContain(
    "order a: its events are in more than one partition",
  );
  expect(violations(onBus("x1"))).toEqual(["event x1 of x is on the bus, and nobody wrote it"]);
});

test("of what was written before anybody took notes only the place is compared", () => {
  const old = written.map((each) => ({ ...each, digest: null }));
  expect(violations(onBus("a1 a2 a3"), old)).toEqual([]);
});
