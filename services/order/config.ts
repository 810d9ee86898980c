import { serviceSettings } from "#mesh/service-settings";
import { type Environment, readSettings, url } from "#mesh/settings";

export const settings = {
  ...serviceSettings(8083),
  productServiceUrl: url("PRODUCT_SERVICE_URL", { protocols: ["http", "https"] }),
  paymentServiceUrl: url("PAYMENT_SERVICE_URL", { protocols: ["http", "https"] }),
};

export const readConfig = (env: Environment) => readSettings("order-service", env, settings);
export type OrderConfig = ReturnType<typeof readConfig>;
