import { Buffer } from "node:buffer";
import { serviceSettings } from "#mesh/service-settings";
import {
  type Environment,
  integer,
  list,
  optional,
  readSettings,
  type Setting,
  secret,
  text,
  url,
} from "#mesh/settings";

/** Encrypts the signing keys at rest. */
const keyEncryptionKey: Setting<string> = {
  ...secret("KEY_ENCRYPTION_KEY"),
  parse(text) {
    if (Buffer.from(text, "base64").length !== 32) throw new Error("32 bytes in base64");
    return text;
  },
};

export const settings = {
  ...serviceSettings(8081),
  keyEncryptionKey,
  /** Hours that one signing key is used. At least two: the next one is published an hour ahead. */
  signingKeyRotationHours: integer("SIGNING_KEY_ROTATION_HOURS", { min: 2, max: 8760, default: 720 }),
  /** Where clients and browsers reach the gateway; without it, at the address that is the issuer of tokens. */
  publicUrl: optional(url("PUBLIC_URL", { protocols: ["http", "https"] })),
  /** Signing in with Google is there when both are set. */
  googleClientId: optional(text("GOOGLE_CLIENT_ID")),
  googleClientSecret: optional(secret("GOOGLE_CLIENT_SECRET")),
  googleIssuer: url("GOOGLE_ISSUER", {
    protocols: ["http", "https"],
    default: "https://accounts.google.com",
  }),
  /** The pages of front ends to which signing in with Google may return; each in full. */
  signInReturnUrls: list("SIGN_IN_RETURN_URLS", { default: [] }),
  /** Those of `tiers` in gateway.yaml: an account of another one would quietly have the usual limits. */
  tiers: list("TIERS", { default: ["pro", "business"] }),
  demoCustomerPassword: optional(secret("DEMO_CUSTOMER_PASSWORD")),
  demoAdminPassword: optional(secret("DEMO_ADMIN_PASSWORD")),
};

export const readConfig = (env: Environment) => readSettings("user-service", env, settings);
export type UserConfig = ReturnType<typeof readConfig>;
