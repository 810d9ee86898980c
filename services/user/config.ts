import { Buffer } from "node:buffer";
import { serviceSettings } from "#mesh/service-settings";
import { type Environment, integer, optional, readSettings, type Setting, secret } from "#mesh/settings";

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
  demoCustomerPassword: optional(secret("DEMO_CUSTOMER_PASSWORD")),
  demoAdminPassword: optional(secret("DEMO_ADMIN_PASSWORD")),
};

export const readConfig = (env: Environment) => readSettings("user-service", env, settings);
export type UserConfig = ReturnType<typeof readConfig>;
