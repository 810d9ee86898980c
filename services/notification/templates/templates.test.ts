import { describe, expect, test } from "bun:test";
import { formatCarbon } from "./format-carbon.ts";
import { formatMoney } from "./format-money.ts";
import { html } from "./html.ts";
import { orderCancelled } from "./order-cancelled.ts";
import { orderConfirmed } from "./order-confirmed.ts";
import { orderShipped } from "./order-shipped.ts";
import { welcome } from "./welcome.ts";

const orderId = "0197a1b2-3c4d-7e5f-8a9b-0c1d2e3f4a5b";
const order = {
  orderId,
  firstName: "Ada",
  items: [
    { name: "Bamboo toothbrush", quantity: 3, unitPrice: { amount: 450, currency: "EUR" } },
    { name: "Wool blanket", quantity: 1, unitPrice: { amount: 12_999, currency: "EUR" } },
  ],
  total: { amount: 14_349, currency: "EUR" },
  carbon: { kgCO2e: "18.3471" },
};

describe("money", () => {
  test.each([
    [{ amount: 123_450, currency: "EUR" }, "€1,234.50"],
    [{ amount: 5, currency: "EUR" }, "€0.05"],
    [{ amount: 0, currency: "USD" }, "$0.00"],
    [{ amount: -1999, currency: "USD" }, "-$19.99"],
    [{ amount: 1500, currency: "JPY" }, "¥1,500"],
    [{ amount: Number.MAX_SAFE_INTEGER, currency: "EUR" }, "€90,071,992,547,409.91"],
  ])("%p is shown as %s", (money, shown) => {
    expect(formatMoney(money)).toBe(shown);
  });

  test("dinars have three decimals", () => {
    expect(formatMoney({ amount: 1234, currency: "KWD" })).toMatch(/1\.234$/);
  });

  test("a fraction of a minor unit is refused", () => {
    expect(() => formatMoney({ amount: 1.5, currency: "EUR" })).toThrow("1.5 is no amount of minor units");
  });
});

describe("carbon", () => {
  test.each([
    ["18.3471", "18.35 kg CO2e"],
    ["1234.5", "1,234.50 kg CO2e"],
    ["0.004321", "0.0043 kg CO2e"],
    ["0", "0 kg CO2e"],
    ["-2.5", "-2.50 kg CO2e"],
  ])("%s is shown as %s", (kgCO2e, shown) => {
    expect(formatCarbon({ kgCO2e })).toBe(shown);
  });

  test("what is no decimal number is refused", () => {
    expect(() => formatCarbon({ kgCO2e: "1e3" })).toThrow("no decimal number");
  });
});

describe("html", () => {
  test("escapes every value, also in attributes, but not what it made itself", () => {
    const inner = html`<b>${"<script>"}</b>`;
    expect(html`<a title="${`"x'&`}">${inner}${[inner]}</a>`.markup).toBe(
      `<a title="&quot;x&#39;&amp;"><b>&lt;script&gt;</b><b>&lt;script&gt;</b></a>`,
    );
  });
});

describe("the confirmation", () => {
  test("tells items, total, carbon and the order in both parts", () => {
    const mail = orderConfirmed(order);
    expect(mail.subject).toBe("Order 2E3F4A5B is confirmed");
    for (const part of [mail.text, mail.html]) {
      for (const told of [
        "3 × Bamboo toothbrush",
        "€13.50",
        "€129.99",
        "€143.49",
        "18.35 kg CO2e",
        orderId,
      ]) {
        expect(part).toContain(told);
      }
    }
  });

  test("a product and a name cannot bring markup or lines of their own", () => {
    const hostile = `<img src=x onerror=alert(1)>\r\n\r\nTotal: €0.00`;
    const items = [{ name: hostile, quantity: 1, unitPrice: { amount: 100, currency: "EUR" } }];
    const mail = orderConfirmed({ ...order, firstName: "</title><script>\nX", items });
    expect(mail.html).not.toContain("<img");
    expect(mail.html).not.toContain("<script");
    expect(mail.text.split("\n").filter((line) => line.trim().startsWith("Total:"))).toEqual([
      "  Total: €143.49",
    ]);
  });
});

describe("the cancellation", () => {
  const cancelled = { orderId, firstName: "Ada", total: order.total };

  test("says a known reason as a sentence", () => {
    const { text, html: markup } = orderCancelled({ ...cancelled, reason: "payment-declined" });
    for (const part of [text, markup]) expect(part).toContain("The payment was declined.");
  });

  test("shows an unknown reason as it is, escaped", () => {
    const { text, html: markup } = orderCancelled({ ...cancelled, reason: "<new>" });
    expect(text).toContain("Reason: <new>");
    expect(markup).toContain("Reason: &lt;new&gt;");
  });
});

test("the welcome greets by name, escaped", () => {
  const mail = welcome({ firstName: "Zoë <3" });
  expect(mail.text).toContain("Hello Zoë <3,");
  expect(mail.html).toContain("Hello Zoë &lt;3,");
});

test("the news of a parcel names carrier and tracking number, and no markup of theirs", () => {
  const mail = orderShipped({
    orderId,
    firstName: "Ada",
    carrier: "<b>DHL</b>",
    trackingNumber: "JJD\n0003",
  });
  expect(mail.subject).toBe("Order 2E3F4A5B is on its way");
  for (const part of [mail.text, mail.html])
    for (const told of ["JJD 0003", orderId]) expect(part).toContain(told);
  expect(mail.html).not.toContain("<b>DHL");
});
