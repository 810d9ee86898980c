import { expect, test } from "bun:test";
import { exportJWK, generateKeyPair, SignJWT } from "jose";
import { createIdentity } from "./identity.ts";
import { createTestIdentity } from "./test-identity.ts";
import { createTokenVerifier } from "./verify-token.ts";

const request = (token?: string) =>
  new Request("http://localhost/", { ...(token && { headers: { authorization: token } }) });

test("a person and a service are told apart by who signed", async () => {
  const { identity, userToken, serviceToken } = await createTestIdentity("order-service");
  const person = await identity.authenticate(request(`Bearer ${await userToken({ userId: "u1" })}`));
  const service = await identity.authenticate(request(`Bearer ${await serviceToken("payment-service")}`));
  expect(person).toMatchObject({ kind: "user", userId: "u1", roles: ["customer"] });
  expect(service).toEqual({ kind: "service", service: "payment-service" });
});

test("no header, another scheme and a foreign token answer 401 with a challenge", async () => {
  const { identity } = await createTestIdentity("order-service");
  const stranger = await createTestIdentity("order-service");
  const foreign = await stranger.userToken({ userId: "u1" });
  for (const header of [undefined, "Basic abc", "Bearer ", `Bearer ${foreign}`]) {
    const refusal = identity.authenticate(request(header));
    expect(refusal).rejects.toMatchObject({
      problem: { status: 401, headers: { "www-authenticate": expect.any(String) } },
    });
  }
});

test("a token for another service is refused", async () => {
  const { identity, serviceToken } = await createTestIdentity("order-service");
  const elsewhere = await createTestIdentity("payment-service");
  expect(await identity.authenticate(request(`Bearer ${await serviceToken("gateway")}`))).toBeDefined();
  const token = await elsewhere.serviceToken("gateway");
  expect(identity.authenticate(request(`Bearer ${token}`))).rejects.toMatchObject({
    problem: { status: 401 },
  });
});

test("a service cannot speak for another one with its own key", async () => {
  const { privateKey, publicKey } = await generateKeyPair("ES256", { extractable: true });
  const jwk = { ...(await exportJWK(publicKey)), kid: "notification-service/1", alg: "ES256" };
  const services = createTokenVerifier({ keys: { keys: [jwk] }, audience: "payment-service" });
  const token = await new SignJWT()
    .setProtectedHeader({ alg: "ES256", kid: "notification-service/1" })
    .setIssuer("order-service")
    .setSubject("order-service")
    .setAudience("payment-service")
    .setIssuedAt()
    .setExpirationTime("5m")
    .sign(privateKey);
  const outsider = createIdentity({
    users: createTokenVerifier({ keys: { keys: [] }, audience: "ecotrack" }),
    services,
  });
  expect(outsider.authenticate(request(`Bearer ${token}`))).rejects.toMatchObject({
    problem: { status: 401 },
  });
});
