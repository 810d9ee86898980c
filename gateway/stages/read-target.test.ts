import { expect, test } from "bun:test";
import fc from "fast-check";
import { Exchange } from "../exchange.ts";
import { problemOfPath, readTarget } from "./read-target.ts";

const exchangeOf = (url: string, sentSegments?: number) =>
  new Exchange(
    new Request(url, { headers: { host: "shop.test" } }),
    { remoteAddress: "127.0.0.1", ...(sentSegments !== undefined && { sentSegments }) },
    0,
  );

test("path and query are parted, and neither is changed", () => {
  const exchange = exchangeOf("http://shop.test/api/products?query=caf%C3%A9&a=/../b");
  expect(readTarget(exchange)).toBeUndefined();
  expect([exchange.path, exchange.query, exchange.host]).toEqual([
    "/api/products",
    "?query=caf%C3%A9&a=/../b",
    "shop.test",
  ]);
});

test("a path that lost segments on its way here is refused", () => {
  expect(readTarget(exchangeOf("http://shop.test/api/../products", 3))?.code).toBe("bad-path");
  expect(readTarget(exchangeOf("http://shop.test/api/products", 2))).toBeUndefined();
});

test.each([
  "/api/caf%C3%A9",
  "/api/a%20b",
  "/api/a:b@c;v=1,2",
  "/api/..a",
  "/api/a..",
  "/api/a.b",
  "/api/%3Ax",
])("%s is good", (path) => expect(problemOfPath(path)).toBeUndefined());

test.each([
  "/api/..",
  "/./api",
  "/api//x",
  "/api/%2E",
  "/api/%2f",
  "/api/%5C",
  "/api/%7f",
  "/api/%41",
  "/a\\b",
  "/a b",
  "/é",
  "x",
])("%s is refused", (path) => expect(problemOfPath(path)?.code).toBe("bad-path"));

test("whatever is taken, a URL parser reads as the same path", () => {
  const piece = fc.constantFrom(
    "a",
    "Z",
    "9",
    ".",
    "..",
    "/",
    "\\",
    "%",
    "2e",
    "2F",
    "%2e",
    "%c3%a9",
    "%00",
    ";",
    ":",
    "~",
    "#",
    "?",
    " ",
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
      const path = `/${pieces.join("")}`;
      if (problemOfPath(path)) return;
      expect(new URL(`http://upstream${path}`).pathname).toBe(path);
      expect(decodeURIComponent(path).split("/")).toHaveLength(path.split("/").length);
    }),
    { numRuns: 5000 },
  );
});
