import { expect, test } from "bun:test";
import { issuerMismatch } from "./issuer-mismatch.ts";

test("an issuer that is not the public address is told of, and one that is is not", () => {
  expect(issuerMismatch("https://shop.test", "https://shop.test")).toBeUndefined();
  expect(issuerMismatch("https://shop.test", "https://shop.test/")).toBeUndefined();
  expect(issuerMismatch("https://shop.test", "https://ecotrack.test")).toContain(
    'PUBLIC_URL is "https://shop.test" and TOKEN_ISSUER is "https://ecotrack.test"',
  );
});
