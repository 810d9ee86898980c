import { expect, test } from "bun:test";
import { openKeyring } from "./keyring.ts";

const key = (byte: number) => Buffer.alloc(32, byte).toString("base64");
const place = "payments/1/card_token";

test("what is sealed opens in its place, and looks different each time", () => {
  const ring = openKeyring(`k1:${key(1)}`);
  const sealed = ring.seal("pm_card_visa", place);
  expect(sealed).toStartWith("v1.k1.");
  expect(sealed).not.toContain("pm_card");
  expect(ring.seal("pm_card_visa", place)).not.toBe(sealed);
  expect(ring.open(sealed, place)).toBe("pm_card_visa");
});

test("in another row or column, changed, or cut short it does not open", () => {
  const ring = openKeyring(`k1:${key(1)}`);
  const sealed = ring.seal("pm_card_visa", place);
  const changed = `${sealed.slice(0, -3)}${sealed.endsWith("AAA") ? "BBB" : "AAA"}`;
  expect(() => ring.open(sealed, "payments/2/card_token")).toThrow("does not open");
  expect(() => ring.open(changed, place)).toThrow("does not open");
  expect(() => ring.open(sealed.slice(0, 20), place)).toThrow("does not open");
  expect(() => ring.open("pm_card_visa", place)).toThrow("is not sealed");
});

test("the first key seals and all of them open; one that is gone is named", () => {
  const old = openKeyring(`k1:${key(1)}`);
  const both = openKeyring(`k2:${key(2)}, k1:${key(1)}`);
  const sealed = old.seal("pm_card_visa", place);
  expect(both.open(sealed, place)).toBe("pm_card_visa");
  expect(both.seal("x", place)).toStartWith("v1.k2.");
  expect(() => openKeyring(`k2:${key(2)}`).open(sealed, place)).toThrow('KEYRING has no key "k1"');
});

test.each(["", "k1", "k1:short", `k 1:${key(1)}`, `k1:${key(1)},`])(
  "the keyring %p is refused without a word of its keys",
  (text) => {
    expect(() => openKeyring(text)).toThrow("entries like");
  },
);
