/** A route of gateway.yaml that only users may call. */
export const path = "/api/orders/0193b0c0-0000-7000-8000-00000000002a";
export const jwksPath = "/.well-known/jwks.json";

/** What a browser or a phone sends at the least. */
export const requestHeaders = (token: string | undefined): string[] => [
  "User-Agent: Mozilla/5.0 bench",
  "Accept: application/json",
  "Accept-Language: en",
  ...(token ? [`Authorization: Bearer ${token}`] : []),
];

/** Some 300 bytes, as an order has. */
export const body = JSON.stringify({
  id: "0193b0c0-0000-7000-8000-00000000002a",
  status: "confirmed",
  items: [
    { productId: "0193", name: "Steel bottle", quantity: 2, unitPrice: { amount: 1900, currency: "EUR" } },
  ],
  total: { amount: 3800, currency: "EUR" },
  carbon: { kgCO2e: "1.24" },
  createdAt: "2026-01-01T00:00:00.000Z",
});
