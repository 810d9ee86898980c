import { serviceSettings } from "#mesh/service-settings";
import {
  choice,
  type Environment,
  integer,
  optional,
  readSettings,
  type Setting,
  secret,
  text,
  url,
} from "#mesh/settings";
import { type Keyring, openKeyring } from "./keyring.ts";

/** Keys by which columns are sealed: `id:32 bytes in base64`, separated by commas; the first one seals. */
const keyring: Setting<Keyring> = {
  name: "KEYRING",
  secret: true,
  fallback: undefined,
  parse: openKeyring,
};

/** Minutes, also parts of one. */
const minutes = (
  name: string,
  { min, max, default: value }: { min: number; max: number; default: number },
): Setting<number> => ({
  name,
  secret: false,
  fallback: { value },
  parse(found) {
    const given = /^\d+(\.\d+)?$/.test(found) ? Number(found) : Number.NaN;
    if (!(given >= min && given <= max)) throw new Error(`minutes from ${min} to ${max}`);
    return given;
  },
});

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
  keyring,
  /** `delayed`: a card's money is held with the charge, and taken when order-service says so. */
  capture: choice("PAYMENT_CAPTURE", ["automatic", "delayed"], { default: "automatic" }),
  /** Where the bank or PayPal sends a buyer back to. */
  returnUrl: url("PAYMENT_RETURN_URL", {
    protocols: ["http", "https"],
    default: "https://ecotrack.test/orders",
  }),
  /** How long a buyer has to agree at the bank or at PayPal. */
  actionMinutes: integer("PAYMENT_ACTION_MINUTES", { min: 1, max: 1440, default: 15 }),
  /** When a cancellation sends a refund anew that came back: a bank that sent it back hardly takes it a moment later. */
  refundAgainMinutes: minutes("PAYMENT_REFUND_AGAIN_MINUTES", { min: 0.05, max: 10_080, default: 15 }),
  /** How often our books are compared with the providers', and over how much of the past. */
  reconcileMinutes: minutes("RECONCILE_MINUTES", { min: 0.05, max: 1440, default: 60 }),
  reconcileHours: integer("RECONCILE_HOURS", { min: 1, max: 720, default: 48 }),
  /** Without it PayPal is not offered; with it the next two are needed. */
  paypalClientId: optional(text("PAYPAL_CLIENT_ID")),
  paypalClientSecret: optional(secret("PAYPAL_CLIENT_SECRET")),
  /** Of the webhook, as PayPal shows it: it is part of what PayPal signs. */
  paypalWebhookId: optional(text("PAYPAL_WEBHOOK_ID")),
  paypalApiUrl: url("PAYPAL_API_URL", {
    protocols: ["http", "https"],
    default: "https://api-m.paypal.com",
  }),
};

export const readConfig = (env: Environment) => readSettings("payment-service", env, settings);
export type PaymentConfig = ReturnType<typeof readConfig>;
