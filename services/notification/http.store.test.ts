import { describe, expect, test } from "bun:test";
import { uuidV7 } from "#mesh/uuid-v7";
import { cancelled, confirmed, person, registered, shipped, TestService } from "./test-service.ts";

const service = new TestService();

describe("the routes", () => {
  async function call(method: string, path: string, userId: string, body?: unknown) {
    const { app } = await service.start();
    const headers = {
      authorization: `Bearer ${await service.people.userToken({ userId })}`,
      "content-type": "application/json",
    };
    const response = await app.fetch(
      new Request(`http://localhost${path}`, {
        method,
        headers,
        ...(body !== undefined && { body: JSON.stringify(body) }),
      }),
    );
    return { status: response.status, body: (await response.json()) as Record<string, unknown> };
  }

  test("a person sees their own, page by page", async () => {
    await service.start();
    const [ada, bob] = [person(), person()];
    await service.deliver([
      registered(ada),
      registered(bob),
      ...Array.from({ length: 4 }, () => confirmed(ada.userId)),
    ]);
    await service.settled(6);
    const seen: string[] = [];
    let cursor: string | null = "";
    while (cursor !== null) {
      const query: string = cursor ? `&cursor=${cursor}` : "";
      const { body } = await call("GET", `/api/notifications?limit=2${query}`, ada.userId);
      const page = body as { data: { id: string; status: string }[]; nextCursor: string | null };
      seen.push(...page.data.map(({ id }) => id));
      expect(page.data.every(({ status }) => status === "sent")).toBe(true);
      cursor = page.nextCursor;
    }
    expect(new Set(seen).size).toBe(5);
    expect(seen).toEqual(seen.toSorted().reverse());
  });

  test("who turned updates off gets the receipt and not the cancellation", async () => {
    await service.start();
    const who = person();
    const choice = { email: { orderUpdates: false, marketing: false } };
    expect(await call("PUT", "/api/notifications/preferences", who.userId, choice)).toEqual({
      status: 200,
      body: choice,
    });
    expect((await call("GET", "/api/notifications/preferences", who.userId)).body).toEqual(choice);
    await service.deliver([registered(who), confirmed(who.userId), cancelled(who.userId)]);
    expect(await service.settled(3)).toEqual([
      "welcome sent",
      "order-confirmed sent",
      "order-cancelled skipped",
    ]);
  });

  test("who chose nothing gets news of orders and no advertising", async () => {
    await service.start();
    const who = person();
    await service.deliver([registered(who), shipped(who.userId)]);
    expect(await service.settled(2)).toEqual(["welcome sent", "order-shipped sent"]);
    expect((await call("GET", "/api/notifications/preferences", uuidV7())).body).toEqual({
      email: { orderUpdates: true, marketing: false },
    });
  });

  test("bad input is refused", async () => {
    const { userId } = person();
    for (const query of ["limit=0", "limit=101", "cursor=x", "colour=green"]) {
      expect((await call("GET", `/api/notifications?${query}`, userId)).status).toBe(422);
    }
    for (const body of [
      {},
      { email: {} },
      { email: { orderUpdates: "yes", marketing: true } },
      { email: { orderUpdates: true, marketing: true, sms: true } },
    ]) {
      expect((await call("PUT", "/api/notifications/preferences", userId, body)).status).toBe(422);
    }
  });
});
