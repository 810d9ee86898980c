import { expect, test } from "bun:test";
import { pathTemplate } from "./provider-fetch.ts";

test("ids in a provider's path are not told", () => {
  expect(pathTemplate("/v1/payment_intents")).toBe("/v1/payment_intents");
  expect(pathTemplate("/v1/payment_intents/pi_3NxQ8e2eZvKY/capture")).toBe(
    "/v1/payment_intents/{id}/capture",
  );
  expect(pathTemplate("/v2/checkout/orders/5O190127TN364715T")).toBe("/v2/checkout/orders/{id}");
  expect(pathTemplate("/v1/oauth2/token")).toBe("/v1/oauth2/token");
  expect(pathTemplate("/v1/things/42")).toBe("/v1/things/{id}");
});
