import { parseGatewayFile } from "./gateway-file.ts";

/** For tests: the one variable of the file below. */
export const variable = "$".concat("{ORDER_SERVICE_URL}");
/** A small file in which everything is in order. */
export const good = `upstreams:
  order: { url: "${variable}" }
issuers:
  shop: { issuer: shop, jwks: "http://shop/keys", audience: shop, algorithms: [ES256] }
tiers: [pro]
limits:
  default: { requests: 10, perSeconds: 1, burst: 5, by: [caller], tiers: { pro: { requests: 50 } } }
  keys: { requests: 10, per: day, by: [api-key] }
cors:
  shop: { origins: [], maxAgeSeconds: 0 }
defaults: { limits: [default], timeoutMs: 1000, bodyBytes: 10, cors: shop }
routes:
  - { path: /api/orders, methods: [GET], upstream: order, auth: user }
  - { path: /api/keys, methods: [POST], upstream: order, auth: { accept: [api-key] }, limits: [keys] }
`;
export const variables = { ORDER_SERVICE_URL: "http://127.0.0.1:8083" };
export const read = (text: string) => parseGatewayFile("gateway.yaml", text, variables).file;
