import { expect, test } from "bun:test";
import { createLog } from "#observability/log";
import { createKeyExchange } from "./exchange-key.ts";

const log = createLog({ service: "gateway", level: "silent" });

function exchangeWith(answer: () => Response | Promise<Response>) {
  const calls: { url: string; init: RequestInit }[] = [];
  const exchange = createKeyExchange({
    userServiceUrl: "http://user.test",
    tokens: { for: async (audience) => `token-for-${audience}` },
    log,
    fetch: (async (url: string, init: RequestInit) => {
      calls.push({ url, init });
      return answer();
    }) as unknown as typeof fetch,
  });
  return { exchange, calls };
}

test("user-service is asked with the gateway's own token, and the key stands only in the body", async () => {
  const { exchange, calls } = exchangeWith(() => Response.json({ accessToken: "t", expiresIn: 900 }));
  expect(await exchange("eco_live_x")).toEqual({ token: "t", expiresInMs: 900_000 });
  expect(calls).toHaveLength(1);
  expect(calls[0]?.url).toBe("http://user.test/internal/api-keys/exchange");
  expect(calls[0]?.init).toMatchObject({
    method: "POST",
    body: '{"key":"eco_live_x"}',
    redirect: "manual",
    headers: { authorization: "Bearer token-for-user-service" },
  });
});

test("only a refusal that says so is one: a gateway that is not believed must not lock all keys out", async () => {
  const refused = exchangeWith(() => Response.json({ code: "invalid-api-key" }, { status: 401 }));
  expect(await refused.exchange("k")).toBe("refused");
  const notBelieved = exchangeWith(() => Response.json({ code: "unauthorized" }, { status: 401 }));
  expect(await notBelieved.exchange("k")).toBe("unavailable");
});

test("whatever else comes, or does not come, is an outage", async () => {
  const answers = [
    () => Promise.reject(new Error("ECONNREFUSED")),
    () => new Response("<html>", { status: 200 }),
    () => new Response("{}", { status: 200 }),
    () => new Response("null", { status: 200 }),
    () => Response.json({ accessToken: "t", expiresIn: "900" }),
    () => Response.json({ accessToken: "t", expiresIn: 0 }),
    () => Response.json({ accessToken: 1, expiresIn: 900 }),
    () => Response.json({ accessToken: "t".repeat(20_000), expiresIn: 900 }),
    () => Response.json({ accessToken: "t", expiresIn: 900 }, { status: 500 }),
    () => new Response(null, { status: 302, headers: { location: "http://evil.test" } }),
  ];
  for (const answer of answers) expect(await exchangeWith(answer).exchange("k")).toBe("unavailable");
});
