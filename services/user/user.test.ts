import { describe, expect, test } from "bun:test";
import { changeProfile, checkRegistration, newUser, normaliseEmail } from "./user.ts";

const good = {
  email: "Ada.Lovelace@Example.test ",
  password: "analytical engine 1843",
  firstName: " Ada ",
  lastName: "Lovelace",
};
const pointers = (change: Partial<typeof good>) => {
  const checked = checkRegistration({ ...good, ...change });
  return "refused" in checked ? checked.errors.map(({ pointer }) => pointer) : [];
};

describe("an email address", () => {
  test("has one form, whatever its case and blanks", () => {
    expect(normaliseEmail(" Ada@EXAMPLE.test")).toBe("ada@example.test");
  });

  test.each([
    "",
    "ada",
    "ada@localhost",
    "@example.test",
    "ada@@example.test",
    "ada@example..test",
    "ada@-example.test",
    "a da@example.test",
    "ada@example.test\u0000",
    "ada\r\nbcc:eve@example.test",
    `${"a".repeat(65)}@example.test`,
    `a@${"b".repeat(60)}.${"c".repeat(60)}.${"d".repeat(60)}.${"e".repeat(60)}.${"f".repeat(60)}.test`,
  ])("%j is none", (text) => {
    expect(normaliseEmail(text)).toBeUndefined();
  });
});

describe("a registration", () => {
  test("is taken in its normal form", () => {
    expect(checkRegistration(good)).toEqual({
      ...good,
      email: "ada.lovelace@example.test",
      firstName: "Ada",
    });
  });

  test("is refused with everything that is wrong at once", () => {
    expect(pointers({ email: "x", password: "short", firstName: " ", lastName: "a\u0000" })).toEqual([
      "/email",
      "/password",
      "/firstName",
      "/lastName",
    ]);
  });

  test.each([
    ["nine chars", "123 56 8x"],
    ["more than 128", "ab1 ".repeat(33)],
    ["a common one", "Password1234"],
    ["the same few characters over and over", "abababababab"],
    ["the name in the address", "my-ada.lovelace-1"],
  ])("is refused with a password of %s", (_, password) => {
    expect(pointers({ password })).toEqual(["/password"]);
  });

  test("is refused with half a surrogate pair in a name", () => {
    expect(pointers({ firstName: "A\ud800" })).toEqual(["/firstName"]);
  });

  test("is refused with a line end in a name", () => {
    expect(pointers({ firstName: "Ada\r\nBcc: eve@example.test" })).toEqual(["/firstName"]);
  });

  test("is taken with names of any script", () => {
    expect(pointers({ firstName: "Владимир", lastName: "O’Brien-Żółć 王" })).toEqual([]);
  });
});

describe("a change of profile", () => {
  const made = new Date("2026-01-01T00:00:00Z");
  const later = new Date("2026-01-02T00:00:00Z");
  const user = newUser({ ...good, email: "ada@example.test", firstName: "Ada" }, { id: "1", at: made });

  test("changes what was sent and nothing else", () => {
    expect(
      changeProfile(user, { bio: " Counts.\nAlso sheep. ", preferences: { locale: "de-AT" } }, later),
    ).toEqual({
      ...user,
      bio: "Counts.\nAlso sheep.",
      preferences: { locale: "de-AT" },
      updatedAt: later,
    });
  });

  test("that changes nothing gives the same account back", () => {
    expect(changeProfile(user, {}, later)).toBe(user);
    expect(changeProfile(user, { firstName: "Ada ", preferences: {} }, later)).toBe(user);
  });

  test("is refused where it breaks a rule", () => {
    const refused = changeProfile(user, { lastName: "", preferences: { locale: "english!" } }, later);
    expect(refused).toMatchObject({
      refused: "invalid-input",
      errors: [{ pointer: "/lastName" }, { pointer: "/preferences/locale" }],
    });
  });
});
