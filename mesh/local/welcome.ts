import type { Ports } from "./ports.ts";
import { demoLogins, localUrl } from "./system-processes.ts";

/** What a person needs to know of the running system. */
export function welcome(ports: Ports, { sandbox }: { sandbox: boolean }): string {
  const api = localUrl(ports.gateway);
  const rows = [
    ["What goes on in it", localUrl(ports.page)],
    ["API", api],
    ["API documentation", `${api}/docs`],
    ["Health and metrics", `${localUrl(ports.admin)}/health/ready  ${localUrl(ports.admin)}/metrics`],
    ["Mails that were sent", localUrl(ports.mailbox)],
    ...(sandbox ? [["Payments (sandbox)", localUrl(ports.sandbox)]] : []),
    ["Customer", `${demoLogins.customer.email}  ${demoLogins.customer.password}`],
    ["Admin", `${demoLogins.admin.email}  ${demoLogins.admin.password}`],
  ];
  const table = rows.map(([name = "", value = ""]) => `  ${name.padEnd(22)} ${value}`).join("\n");
  return `\n${table}\n\nPlace an order:\n\n${orderExample(api)}\n`;
}

/** For any POSIX shell with curl and sed. */
export function orderExample(api: string): string {
  const json = "-H 'content-type: application/json'";
  const login = JSON.stringify(demoLogins.customer);
  const address = {
    fullName: "Demo Customer",
    line1: "Lindenstr. 1",
    city: "Berlin",
    postalCode: "10969",
    country: "DE",
  };
  const order = JSON.stringify({
    items: [{ productId: "PRODUCT", quantity: 1 }],
    shippingAddress: address,
    paymentMethod: { type: "card", token: "pm_card_visa" },
  }).replace("PRODUCT", `'"$PRODUCT"'`);
  return [
    `TOKEN=$(curl -s ${api}/api/auth/login ${json} -d '${login}' | sed 's/.*"accessToken":"\\([^"]*\\)".*/\\1/')`,
    `PRODUCT=$(curl -s '${api}/api/products?limit=1' | sed 's/.*"data":\\[{"id":"\\([^"]*\\)".*/\\1/')`,
    `curl -s ${api}/api/orders -H "authorization: Bearer $TOKEN" -H "idempotency-key: $(date +%s%N)" ${json} -d '${order}'`,
  ].join("\n");
}
