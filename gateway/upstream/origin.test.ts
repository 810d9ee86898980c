import { expect, test } from "bun:test";
import { parseOrigin } from "./origin.ts";

test("a URL is read once, with what its scheme says of the port", () => {
  expect(parseOrigin("http://orders:8083/base/")).toEqual({
    key: "http://orders:8083",
    hostname: "orders",
    port: 8083,
    tls: false,
    hostHeader: "orders:8083",
    basePath: "/base",
  });
  expect(parseOrigin("https://shop.test")).toMatchObject({
    port: 443,
    tls: true,
    hostHeader: "shop.test",
    basePath: "",
  });
  expect(parseOrigin("http://[::1]:80/")).toMatchObject({ hostname: "::1", port: 80, hostHeader: "[::1]" });
});

test("what no request can be sent to is refused", () => {
  for (const url of ["ftp://host", "http://host/?a=b", "http://host/#a", "http://user:secret@host"])
    expect(() => parseOrigin(url)).toThrow("Cannot call an upstream");
});
