import { expect, test } from "bun:test";
// @ts-expect-error: a script for browsers, without types
import { credentialHeader, credentialNote, isClosed } from "./docs-credentials.js";

test("what a reader pastes is sent as what it is", () => {
  expect(credentialHeader("eco_live_x")).toEqual({ "x-api-key": "eco_live_x" });
  expect(credentialHeader("eyJ.a.b")).toEqual({ authorization: "Bearer eyJ.a.b" });
});

test("a call says by what it is opened", () => {
  const security = [{ bearer: [] }, { oauth: ["orders:read"] }, { apiKey: [] }];
  const call = { security, "x-scopes": ["orders:read"] };
  expect(credentialNote(call)).toBe(
    "Opened by a bearer token or an application's token or an API key; keys and applications need `orders:read`.",
  );
  expect(credentialNote({ security: [{}, { bearer: [] }] })).toBe("Opened by nothing or a bearer token.");
  expect([isClosed(call), isClosed({ security: [{}, { bearer: [] }] }), isClosed({})]).toEqual([
    true,
    false,
    false,
  ]);
});
