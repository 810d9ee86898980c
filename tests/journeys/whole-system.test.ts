import { expect, test } from "bun:test";
import { eventually } from "#mesh/eventually";
import { listen } from "#mesh/listen";
import { audit } from "../audit.ts";
import { buy, call, newPerson, newProduct } from "./person.ts";
import { system } from "./system.ts";

test("after a mixed hour in a few seconds, stock, money, events and mails add up", async () => {
  const [product, scarce] = await Promise.all([newProduct({ onHand: 500 }), newProduct({ onHand: 7 })]);
  const people = await Promise.all(Array.from({ length: 4 }, () => newPerson()));
  const cards = [
    "pm_card_visa",
    "pm_card_visa",
    "pm_card_chargeDeclined",
    "pm_card_visa",
    "pm_sandbox_duplicateWebhook",
  ];
  const answers = await Promise.all(
    Array.from({ length: 60 }, (_, at) =>
      buy({
        token: people[at % people.length]?.accessToken ?? "",
        items: [{ productId: at % 3 === 0 ? scarce.id : product.id, quantity: 1 + (at % 2) }],
        card: cards[at % cards.length] ?? "pm_card_visa",
      }),
    ),
  );
  expect(answers.every(({ status }) => [201, 402, 409].includes(status))).toBe(true);
  const confirmed = answers.flatMap(({ status, body }, at) => (status === 201 ? [{ id: body.id, at }] : []));
  await Promise.all(
    confirmed
      .slice(0, 8)
      .map(({ id, at }) =>
        call("POST", `/api/orders/${id}/cancel`, { token: people[at % people.length]?.accessToken }),
      ),
  );
  const result = await eventually(
    async () => {
      const found = await audit(system);
      if (found.unsettled > 0) throw new Error(`${found.unsettled} orders are unsettled`);
      if (found.violations.length > 0) throw new Error(found.violations.join("\n"));
      return found;
    },
    { withinMs: 30_000, everyMs: 250 },
  );
  expect(result.violations).toEqual([]);
  expect(result.confirmed).toBeGreaterThan(0);
  expect(result.cancelled).toBeGreaterThanOrEqual(8);
}, 60_000);

test("the audit sees money that the ledger does not know of, and an order without its charge", async () => {
  const { accessToken: token } = await newPerson();
  const product = await newProduct();
  const items = [{ productId: product.id, quantity: 1 }];
  const [doubled, forgotten] = await Promise.all([buy({ token, items }), buy({ token, items })]);
  const books = await call<{ orders: { orderId: string; net: number }[] }>("GET", "/sandbox/state", {
    base: system.sandbox,
  });
  const wrong = books.body.orders
    .filter(({ orderId }) => orderId !== forgotten.body.id)
    .map((each) => (each.orderId === doubled.body.id ? { ...each, net: each.net * 2 } : each));
  const liar = listen({ port: 0, hostname: "127.0.0.1", fetch: () => Response.json({ orders: wrong }) });
  const { violations } = await audit({ ...system, sandbox: `http://127.0.0.1:${liar.port}` });
  await liar.stop(100);
  const about = (id: string) => violations.filter((each) => each.includes(id)).join("\n");
  expect(about(doubled.body.id)).toContain("the provider's net is 3998, the ledger's 1999");
  expect(about(forgotten.body.id)).toContain("is confirmed at 1999, charged 0");
});
