import { type Environment, integer, readSettings, text } from "#mesh/settings";

export const settings = {
  smtpPort: integer("SMTP_PORT", { min: 0, max: 65_535, default: 1025 }),
  port: integer("PORT", { min: 0, max: 65_535, default: 8025 }),
  host: text("HOST", { default: "127.0.0.1" }),
};

export const readConfig = (env: Environment) => readSettings("mailbox", env, settings);
