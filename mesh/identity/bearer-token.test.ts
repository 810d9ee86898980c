import { expect, test } from "bun:test";
import { readBearer } from "./bearer-token.ts";

test("one bearer token is taken, in any case of the scheme and after any number of blanks", () => {
  for (const header of ["Bearer a.b-c_d~e+f/g==", "bearer a.b-c_d~e+f/g==", "BEARER   a.b-c_d~e+f/g=="]) {
    expect(readBearer(header)).toEqual({ token: "a.b-c_d~e+f/g==" });
  }
});

test("no header, no token and another scheme are no credentials", () => {
  for (const header of [null, "Bearer", "Bearer ", "Basic YTpi", "Digest username=x, realm=y"]) {
    expect(readBearer(header)).toBe("none");
  }
});

test("a header that was sent twice, and what is no token, are malformed", () => {
  for (const header of [
    "Bearer a, Bearer b",
    "Bearer a,b",
    "Basic YTpi, Bearer a",
    "Bearer a b",
    "Bearer a=b",
    'Bearer "a"',
    "Bearer\ta",
    "Bearer é",
    "",
    " ",
  ]) {
    expect(readBearer(header)).toBe("malformed");
  }
});
