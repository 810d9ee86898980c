import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { sign } from "node:crypto";
import { crc32 } from "node:zlib";
import { eventually } from "#mesh/eventually";
import { uuidV7 } from "#mesh/uuid-v7";
import { certificateOrigins, createPaypalVerifier } from "./paypal-signature.ts";
import { createCertificate } from "./sandbox/paypal/certificate.ts";
import { createSettledCharges } from "./settled-charges.ts";
import { sweepPayments } from "./sweep-payments.ts";
import { startTestService, type TestService } from "./test-service.ts";

let service: TestService;
let orderId: string;
const token = (behaviour: string) => `SANDBOX_${behaviour}_1999_EUR_${orderId.slice(-6)}`;

describe("a payment by PayPal, with its webhooks", () => {
  beforeAll(async () => {
    service = await startTestService({ webhooks: true });
  });
  afterAll(() => service.stop());
  beforeEach(() => {
    orderId = uuidV7();
    Object.assign(service.deps, { settled: createSettledCharges() });
  });
  const quiet = () =>
    eventually(async () => {
      expect(service.sandbox.state().webhooks).toMatchObject({ pending: 0, failed: 0 });
      return true;
    });

  test.each(["success", "duplicate"])("%s is captured and booked once", async (behaviour) => {
    const reply = await service.charge(orderId, token(behaviour));
    expect(reply).toMatchObject({ status: 200, body: { status: "captured", gateway: "paypal" } });
    await quiet();
    expect(await service.ledger(orderId)).toEqual([{ kind: "capture", amount: 1999 }]);
    expect(service.atProvider(orderId)).toMatchObject({ charges: 1, net: 1999 });
    expect(await service.events(orderId)).toEqual(["initiated", "processed"]);
  });

  test("one whose answer is lost is settled by its webhook", async () => {
    expect((await service.charge(orderId, token("timeout"))).status).toBeOneOf([200, 202]);
    await eventually(async () => {
      expect(await service.ledger(orderId)).toHaveLength(1);
      return true;
    });
    expect(await service.charge(orderId, token("timeout"))).toMatchObject({ status: 200 });
  });

  test("one that waits for the buyer is taken when the webhook says that the buyer agreed", async () => {
    const { status, body } = await service.charge(orderId, token("approval"));
    expect(status).toBe(202);
    const approve = body.nextAction.url.replace("checkoutnow", "checkoutnow/approve");
    await fetch(approve, { method: "POST", redirect: "manual" });
    await eventually(async () => {
      expect(await service.ledger(orderId)).toEqual([{ kind: "capture", amount: 1999 }]);
      return true;
    });
    const [row] = await service.sql<{ payer: string }[]>`
      select payer_reference as payer from payments where order_id = ${orderId}`;
    expect(row?.payer).toStartWith("v1.k1.");
    expect(service.lines.join("\n")).not.toContain("SANDBOXPAYER1");
  });

  test("an approval that paid for one order is refused to another, in two processes at once too", async () => {
    const shared = token("success");
    const others = [uuidV7(), uuidV7(), uuidV7(), uuidV7()];
    const replies = await Promise.all(
      others.map((id, i) => service.charge(id, shared, 1999, i % 2 === 0 ? undefined : service.twin)),
    );
    expect(replies.filter(({ status }) => status === 200)).toHaveLength(1);
    for (const { status, body } of replies) {
      if (status !== 200)
        expect({ status, body }).toMatchObject({ status: 402, body: { declineCode: "approval_used" } });
    }
  });

  test("what is refunded in PayPal's own pages is booked once; what we refund is not booked twice", async () => {
    const { body } = await service.charge(orderId, token("success"));
    await service.refund(body.id, 500);
    await quiet();
    expect((await service.ledger(orderId)).map(({ amount }) => amount)).toEqual([1999, 500]);
    const [record] = service.sandbox.state().paypal.filter(({ customId }) => customId === orderId);
    await service.paypalPost(`/v2/payments/captures/${record?.captureId}/refund`, {
      amount: { value: "3.00", currency_code: "EUR" },
    });
    await eventually(async () => {
      expect((await service.ledger(orderId)).map(({ amount }) => amount)).toEqual([1999, 500, 300]);
      return true;
    });
    expect(await service.cancel(orderId)).toMatchObject({ body: { status: "refunded" } });
    expect(service.atProvider(orderId)).toMatchObject({ net: 0 });
  });

  test("a cancellation of one that waits ends it, whatever the buyer does then", async () => {
    const { body } = await service.charge(orderId, token("approval"));
    expect(await service.cancel(orderId)).toMatchObject({ status: 200, body: { status: "voided" } });
    const approve = body.nextAction.url.replace("checkoutnow", "checkoutnow/approve");
    await fetch(approve, { method: "POST", redirect: "manual" });
    await quiet();
    await service.passTime();
    await sweepPayments(service.deps);
    expect(service.atProvider(orderId)).toMatchObject({ charges: 0 });
  });
});

test("a shop without PayPal says so", async () => {
  const plain = await startTestService();
  try {
    Object.assign(plain.deps.gateways, { paypal: undefined });
    const reply = await plain.charge(uuidV7(), "SANDBOX_success_1999_EUR");
    expect(reply).toMatchObject({ status: 422, body: { code: "payment-method-unavailable" } });
  } finally {
    await plain.stop();
  }
});

describe("the signature of a webhook", () => {
  const now = Date.parse("2026-11-22T12:00:00Z");
  const api = "https://api-m.paypal.test";
  const certUrl = "https://api.paypal.test/v1/notifications/certs/CERT-1";
  const body = '{"id":"WH-1"}';
  const { pem, privateKey } = createCertificate("certs.paypal.test", now);
  const verify = async (
    change: Record<string, string | undefined> = {},
    { text = body, at = now, webhookId = "WEBHOOK1" } = {},
  ) => {
    const time = change["paypal-transmission-time"] ?? new Date(now).toISOString();
    const message = `id1|${time}|${webhookId}|${crc32(body)}`;
    const headers = new Headers({
      "paypal-transmission-id": "id1",
      "paypal-transmission-time": time,
      "paypal-auth-algo": "SHA256withRSA",
      "paypal-cert-url": certUrl,
      "paypal-transmission-sig": sign("RSA-SHA256", Buffer.from(message), privateKey).toString("base64"),
    });
    for (const [name, value] of Object.entries(change)) {
      if (value === undefined) headers.delete(name);
      else headers.set(name, value);
    }
    const verifier = createPaypalVerifier({
      webhookId: "WEBHOOK1",
      apiUrl: api,
      now: () => new Date(at),
      fetchText: async (url) => (url === certUrl ? pem : undefined),
    });
    return await verifier(headers, text);
  };
  const day = 24 * 60 * 60 * 1000;

  test("is good for the body, our webhook and three days of repeats", async () => {
    expect(await verify()).toBeUndefined();
    expect(await verify({}, { at: now + 3 * day })).toBeUndefined();
  });

  test("is refused for another body or webhook, when too old, or from the future", async () => {
    expect(await verify({}, { text: `${body} ` })).toBe("wrong");
    expect(await verify({}, { webhookId: "WEBHOOK2" })).toBe("wrong");
    expect(await verify({}, { at: now + 4 * day })).toBe("outside-tolerance");
    expect(await verify({}, { at: now - 6 * 60 * 1000 })).toBe("outside-tolerance");
    expect(await verify({ "paypal-transmission-sig": "AAAA" })).toBe("wrong");
  });

  test("is missing when one header is, or says another algorithm or no time", async () => {
    for (const name of ["id", "time", "sig"].map((each) => `paypal-transmission-${each}`)) {
      expect(await verify({ [name]: "" })).toBe("missing");
    }
    expect(await verify({ "paypal-cert-url": undefined })).toBe("missing");
    expect(await verify({ "paypal-auth-algo": "none" })).toBe("missing");
    expect(await verify({ "paypal-transmission-time": "yesterday" })).toBe("missing");
  });

  test.each([
    "https://evil.test/v1/notifications/certs/CERT-1",
    "http://api.paypal.test/v1/notifications/certs/CERT-1",
    "https://api.paypal.test.evil.test/v1/notifications/certs/CERT-1",
    "https://api.paypal.test@evil.test/v1/notifications/certs/CERT-1",
    "https://api.paypal.test/v1/notifications/certs/../../evil",
    "https://api.paypal.test/v1/notifications/certs/CERT-1?next=1",
    "https://api.paypal.test/v1/notifications/certs/CERT-2",
    "file:///v1/notifications/certs/CERT-1",
    "nonsense",
  ])("with the certificate at %s is not trusted", async (url) => {
    expect(await verify({ "paypal-cert-url": url })).toBe("untrusted-certificate");
  });

  test("with a certificate that is over is not trusted", async () => {
    const late = now + 400 * day;
    const time = new Date(late).toISOString();
    expect(await verify({ "paypal-transmission-time": time }, { at: late })).toBe("untrusted-certificate");
  });

  test("certificates come from the host of the system that is used, live or test", () => {
    expect(certificateOrigins("https://api-m.paypal.com")).toEqual([
      "https://api-m.paypal.com",
      "https://api.paypal.com",
    ]);
    expect(certificateOrigins("https://api-m.sandbox.paypal.com")).toContain(
      "https://api.sandbox.paypal.com",
    );
  });

  test("that is bad is answered 400, written down, and changes nothing", async () => {
    const plain = await startTestService();
    try {
      const request = () =>
        new Request("http://payment/webhooks/paypal", {
          method: "POST",
          headers: { "content-type": "application/json" },
          body: "{}",
        });
      for (let i = 0; i < 3; i++) {
        expect(await plain.send(request())).toMatchObject({
          status: 400,
          body: { code: "signature-invalid" },
        });
      }
      const rows = await plain.sql`select content from audit_log where act = 'webhook-refused'`;
      expect(rows).toHaveLength(1);
    } finally {
      await plain.stop();
    }
  });
});
