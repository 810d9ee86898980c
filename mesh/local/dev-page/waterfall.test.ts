import { expect, test } from "bun:test";
import type { Span } from "./read-spans.ts";
import { waterfall } from "./waterfall.ts";

const one = "1".repeat(32);
const two = "2".repeat(32);

/** A span that is called what its id begins with. */
function span(
  name: string,
  parent: string | undefined,
  [start, end]: [number, number],
  more: Partial<Span> = {},
): Span {
  const idOf = (text: string) => text.padEnd(16, "0");
  return {
    traceId: one,
    spanId: idOf(name),
    parentSpanId: parent === undefined ? undefined : idOf(parent),
    service: "gateway",
    version: undefined,
    name,
    kind: "internal",
    start,
    end,
    failed: false,
    attributes: {},
    links: [],
    events: [],
    ...more,
  };
}

const tree = [
  span("a", undefined, [1000, 1100]),
  span("b", "a", [1010, 1040]),
  span("c", "b", [1020, 1030]),
  span("d", "a", [1050, 1090]),
];
const linkTo = ({ traceId, spanId }: Span) => ({ links: [{ traceId, spanId }] });
const shape = ({ rows }: ReturnType<typeof waterfall>) =>
  rows.map(({ name, depth }) => `${depth}${name}`).join(" ");

test("spans in any order are a tree, siblings by time", () => {
  for (const spans of [tree, tree.toReversed(), [tree[2], tree[0], tree[3], tree[1]] as Span[]]) {
    const picture = waterfall({ spans });
    expect(shape(picture)).toBe("0a 1b 2c 1d");
    expect(picture).toMatchObject({ start: 1000, ms: 100 });
    expect(picture.rows.map(({ offset, ms, ownMs }) => [offset, ms, ownMs])).toEqual([
      [0, 100, 30],
      [10, 30, 20],
      [20, 10, 10],
      [50, 40, 40],
    ]);
  }
});

test("no spans are an empty picture", () => {
  expect(waterfall({ spans: [] })).toEqual({ start: 0, ms: 0, rows: [] });
});

test("what has no parent that came stands at the top and says so", () => {
  const { rows } = waterfall({ spans: tree.slice(1) });
  expect(rows.map(({ name, depth, orphan }) => [name, depth, orphan])).toEqual([
    ["b", 0, true],
    ["c", 1, false],
    ["d", 0, true],
  ]);
});

test("spans in a circle are shown, each once", () => {
  const circle = [span("x", "y", [1, 2]), span("y", "x", [2, 3]), span("z", "z", [4, 5])];
  expect(shape(waterfall({ spans: circle }))).toBe("0x 1y 0z");
});

test("a chain deeper than any stack is drawn", () => {
  const deep = Array.from({ length: 1900 }, (_, at) => {
    const parent = at === 0 ? undefined : `${at - 1}x`;
    return span(`${at}x`, parent, [at, 5000]);
  });
  expect(waterfall({ spans: deep }).rows.at(-1)).toMatchObject({ depth: 1899 });
});

test("below a span stands what was done later because of it, in a trace of its own", () => {
  const [, b] = tree as [Span, Span];
  const batch = span("e", undefined, [1200, 1300], { traceId: two, ...linkTo(b) });
  const inBatch = span("f", "e", [1210, 1220], { traceId: two });
  const picture = waterfall({
    spans: tree,
    leading: [batch],
    traceOf: (id) => (id === two ? [inBatch, batch] : []),
  });
  expect(shape(picture)).toBe("0a 1b 2c 2e 3f 1d");
  expect(picture.rows.map(({ linked }) => linked)).toEqual([false, false, false, true, false, false]);
  // Nobody waited for it.
  expect(picture.rows[1]?.ownMs).toBe(20);
  expect(picture.ms).toBe(300);
});

test("a link that leads away is followed, one step and never back", () => {
  const away = span("e", undefined, [900, 950], { traceId: two, ...linkTo(tree[0] as Span) });
  const spans = [span("a", undefined, [1000, 1100], linkTo(away))];
  const picture = waterfall({ spans, leading: [away], find: () => away, traceOf: () => [away] });
  expect(shape(picture)).toBe("0a 1e");
  expect(shape(waterfall({ spans }))).toBe("0a");
});

test("a server whose clock is behind is drawn within the call, with what is below it", () => {
  const call = span("a", undefined, [1000, 1100], { kind: "client" });
  const server = span("b", "a", [500, 580], { kind: "server", service: "order-service" });
  const below = span("c", "b", [510, 520], { service: "order-service" });
  const { rows, ms } = waterfall({ spans: [below, server, call] });
  expect(rows.map(({ offset, shiftMs }) => [offset, shiftMs])).toEqual([
    [0, 0],
    [10, 510],
    [20, 510],
  ]);
  expect(ms).toBe(100);
});

test("work that goes on after its caller gave up, or in the same process, is left where it was", () => {
  const call = span("a", undefined, [1000, 1100], { kind: "client" });
  const late = span("b", "a", [1050, 1900], { kind: "server", service: "order-service" });
  const own = span("c", "a", [900, 950], { kind: "server" });
  expect(waterfall({ spans: [call, late, own] }).rows.map(({ shiftMs }) => shiftMs)).toEqual([0, 0, 0]);
});
