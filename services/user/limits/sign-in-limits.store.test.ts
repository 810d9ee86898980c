import { afterAll, expect, test } from "bun:test";
import { randomInt } from "node:crypto";
import { testDatabase } from "#mesh/postgres/test-database";
import { goodPassword, migrations, newEmail, startTestService } from "../test-service.ts";

const database = await testDatabase(migrations);
const service = await startTestService(database);
const { call } = service;
afterAll(async () => {
  await service.close();
  await database.close();
});

const someAddress = () => `10.${randomInt(256)}.${randomInt(256)}.${randomInt(1, 255)}`;
const logIn = (email: string, password: string, address = someAddress()) =>
  call("POST", "/api/auth/login", { body: { email, password }, headers: { "x-forwarded-for": address } });
const register = (email: string, address: string) =>
  call("POST", "/api/auth/register", {
    body: { email, password: goodPassword, firstName: "Ada", lastName: "Lovelace" },
    headers: { "x-forwarded-for": address },
  });
const limited = (limit: string) => ({
  status: 429,
  body: {
    // As of the gateway's own limits, so that a client handles one.
    type: "https://iana.org/assignments/http-problem-types#quota-exceeded",
    code: "quota-exceeded",
    "violated-policies": [limit],
  },
});

for (const [kind, emailOf] of [
  ["an account", async () => (await service.register()).user.email],
  ["an account that does not exist", async () => newEmail()],
] as const) {
  test(`guessing at ${kind} from one address has to wait longer and longer`, async () => {
    const [email, address] = [await emailOf(), someAddress()];
    for (let nth = 0; nth < 3; nth++) expect((await logIn(email, "wrong", address)).status).toBe(401);
    const answer = await logIn(email, goodPassword, address);
    expect(answer).toMatchObject(limited("sign-in-delay"));
    expect(answer.headers.get("retry-after")).toBe("1");
  });

  test(`guessing at ${kind} from many addresses is stopped`, async () => {
    const email = await emailOf();
    const statuses = [];
    for (let nth = 0; nth < 22; nth++) statuses.push((await logIn(email, "wrong")).status);
    expect(statuses.slice(0, 20)).toEqual(Array.from({ length: 20 }, () => 401));
    expect(await logIn(email, "wrong")).toMatchObject(limited("sign-in-account"));
  });
}

test("an owner whose account is attacked signs in from where they signed in before", async () => {
  const [{ user }, home] = [await service.register(), someAddress()];
  expect((await logIn(user.email, goodPassword, home)).status).toBe(200);
  for (let nth = 0; nth < 25; nth++) await logIn(user.email, "wrong");
  expect(await logIn(user.email, goodPassword)).toMatchObject(limited("sign-in-account"));
  expect((await logIn(user.email, goodPassword, home)).status).toBe(200);
  // Which frees no guess for the others.
  expect(await logIn(user.email, "wrong")).toMatchObject(limited("sign-in-account"));
});

test("one address may not try one password after another on many accounts", async () => {
  const address = someAddress();
  const statuses = [];
  for (let nth = 0; nth < 32; nth++) statuses.push((await logIn(newEmail(), "wrong", address)).status);
  expect(statuses.slice(0, 30).every((status) => status === 401)).toBe(true);
  expect(await logIn(newEmail(), "wrong", address)).toMatchObject(limited("sign-in-address"));
});

test("signing in rightly costs nothing", async () => {
  const [{ user }, address] = [await service.register(), someAddress()];
  for (let nth = 0; nth < 40; nth++)
    expect((await logIn(user.email, goodPassword, address)).status).toBe(200);
});

test("registering is limited by address, a whole IPv6 network being one", async () => {
  const network = `2001:db8:${randomInt(65_536).toString(16)}:${randomInt(65_536).toString(16)}`;
  for (let nth = 1; nth <= 20; nth++)
    expect((await register("nobody", `${network}::${nth}`)).status).toBe(422);
  expect(await register(newEmail(), `${network}:1:2:3:4`)).toMatchObject(limited("registration-address"));
  expect((await register(newEmail(), someAddress())).status).toBe(201);
});

test("refusals are counted by why", async () => {
  const text = await service.metrics.text();
  for (const reason of ["invalid-credentials", "sign-in-delay", "sign-in-account", "sign-in-address"]) {
    expect(text).toMatch(new RegExp(`user_login_failures_total\\{.*reason="${reason}".*\\} [1-9]`));
  }
});
