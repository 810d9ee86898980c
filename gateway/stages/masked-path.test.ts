import { expect, test } from "bun:test";
import fc from "fast-check";
import { maskedPath } from "./masked-path.ts";

test.each([
  ["/", "/"],
  ["/api/ordrs/", "/api/ordrs/"],
  ["/wp-login.php", "/wp-login.php"],
  ["/.env", "/.env"],
  ["/api/v1/users/0190a5b0-7e1a-7000-8000-000000000000/x", "/api/v1/users/*/x"],
  ["/reset/eyJhbGciOiJFUzI1NiJ9.eyJzdWIi", "/reset/*"],
  ["/mail/ada@example.com", "/mail/*"],
  ["/key/eco_live_abc", "/key/*"],
  ["/a?token=secret", "/a"],
  ["/a#secret", "/a"],
  ["/a/b/c/d/e/f/g/h", "/a/b/c/d/e/f/*"],
  ["http://shop.test/x", "//shop.test/x"],
  ['/"},"level":"fatal', "/*"],
  [`/${"a".repeat(10_000)}`, "/*"],
])("%p is told as %p", (target, told) => expect(maskedPath(target)).toBe(told));

test("whatever comes is told in few characters that need no escape", () => {
  fc.assert(
    fc.property(fc.string(), (target) => {
      const told = maskedPath(`/${target}`);
      expect(told.length).toBeLessThan(400);
      expect(told).toMatch(/^[/a-z.*_0-9-]+$/);
    }),
  );
});
