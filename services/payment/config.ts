import { serviceSettings } from "#mesh/service-settings";
import { type Environment, readSettings, secret, url } from "#mesh/settings";

export const settings = {
  ...serviceSettings(8084),
  stripeSecretKey: secret("STRIPE_SECRET_KEY"),
  /** Of the webhook endpoint, as Stripe shows it; not the API key. */
  stripeWebhookSecret: secret("STRIPE_WEBHOOK_SECRET"),
  /** In development the sandbox's. */
  stripeApiUrl: url("STRIPE_API_URL", {
    protocols: ["http", "https"],
    default: "https://api.stripe.com",
  }),
};

export const readConfig = (env: Environment) => readSettings("payment-service", env, settings);
export type PaymentConfig = ReturnType<typeof readConfig>;
