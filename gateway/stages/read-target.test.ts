import { expect, test } from "bun:test";
import fc from "fast-check";
import { testExchange } from "../testing/test-exchange.ts";
import { problemOfPath, readTarget } from "./read-target.ts";

const exchangeOf = (target: string) => testExchange({ target });

test("path and query are parted, and neither is changed", () => {
  const exchange = exchangeOf("/api/products?query=caf%C3%A9&a=/../b");
  expect(readTarget(exchange)).toBeUndefined();
  expect([exchange.path, exchange.query, exchange.host]).toEqual([
    "/api/products",
    "?query=caf%C3%A9&a=/../b",
    "shop.test",
  ]);
});

test("a target in absolute form is taken when it names the same host, and refused when not", () => {
  const exchange = exchangeOf("http://SHOP.test/api/products?a=1");
  expect(readTarget(exchange)).toBeUndefined();
  expect(exchange.path).toBe("/api/products");
  expect(readTarget(exchangeOf("http://other.test/api/products"))?.code).toBe("bad-host");
  expect(readTarget(exchangeOf("http://shop.test@other.test/"))?.code).toBe("bad-host");
  expect(readTarget(exchangeOf("ftp://shop.test/"))?.code).toBe("bad-path");
  expect(readTarget(exchangeOf("*"))?.code).toBe("bad-path");
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
  "/api/a%252fb",
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
