import { expect, test } from "bun:test";
import { eventually } from "#mesh/eventually";
import { call, logIn, newEmail, newPerson, password, type Tokens } from "./person.ts";
import { system } from "./system.ts";

const refresh = (refreshToken: string) =>
  call<Tokens>("POST", "/api/auth/refresh", { body: { refreshToken } });

test("a refresh token works once; used again it ends the whole family", async () => {
  const first = await newPerson();
  const second = await refresh(first.refreshToken);
  expect(second.status).toBe(200);
  expect((await call("GET", "/api/users/me", { token: second.body.accessToken })).status).toBe(200);
  expect((await refresh(first.refreshToken)).status).toBe(401);
  expect((await refresh(second.body.refreshToken)).status).toBe(401);
  await eventually(
    async () =>
      (await call("GET", "/api/users/me", { token: second.body.accessToken })).status === 401
        ? true
        : undefined,
    { withinMs: 1000 },
  );
});

test("after logging out the token is refused everywhere within a second", async () => {
  const { accessToken: token } = await newPerson();
  expect((await call("GET", "/api/orders", { token })).status).toBe(200);
  expect((await call("POST", "/api/auth/logout", { token })).status).toBe(204);
  const refusedBy = async (base: string, path: string) =>
    eventually(async () => ((await call("GET", path, { token, base })).status === 401 ? true : undefined), {
      withinMs: 1000,
    });
  await Promise.all([
    refusedBy(system.gateway, "/api/orders"),
    refusedBy(system.services.user, "/api/users/me"),
    refusedBy(system.services.order, "/api/orders"),
    refusedBy(system.services.payment, "/api/payments"),
    refusedBy(system.services.notification, "/api/notifications"),
  ]);
});

test("an email that is taken, a wrong password and an unknown email are told as the contract says", async () => {
  const email = newEmail();
  await newPerson(email);
  const body = { email: email.toUpperCase(), password, firstName: "Ada", lastName: "Lovelace" };
  expect(await call("POST", "/api/auth/register", { body })).toMatchObject({
    status: 409,
    body: { code: "email-taken" },
  });
  const wrong = await call("POST", "/api/auth/login", { body: { email, password: "not the password" } });
  const unknown = await call("POST", "/api/auth/login", { body: { email: newEmail(), password } });
  expect(wrong).toMatchObject({ status: 401, body: { code: "invalid-credentials" } });
  expect({ ...unknown.body, traceId: "" }).toEqual({ ...wrong.body, traceId: "" });
});

test("a profile is read, changed and deleted by its owner", async () => {
  const email = newEmail();
  const { accessToken: token, user } = await newPerson(email);
  expect(await call("PATCH", "/api/users/me", { token, body: { firstName: "Augusta" } })).toMatchObject({
    status: 200,
    body: { firstName: "Augusta" },
  });
  const other = await newPerson();
  expect((await call("GET", `/api/users/${user.id}`, { token: other.accessToken })).status).toBe(404);
  expect((await call("GET", `/api/users/${user.id}`, { token })).status).toBe(200);
  expect((await call("DELETE", "/api/users/me", { token })).status).toBe(204);
  expect(await call("POST", "/api/auth/login", { body: { email, password } })).toMatchObject({ status: 401 });
  expect(logIn(email, password)).rejects.toThrow("401");
});
