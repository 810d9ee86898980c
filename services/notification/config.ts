import { serviceSettings } from "#mesh/service-settings";
import { type Environment, readSettings, type Setting, secret, text, url } from "#mesh/settings";

/** May carry the mail server's password. */
const smtpUrl: Setting<string> = {
  ...secret("SMTP_URL"),
  parse: (found) => url("SMTP_URL", { protocols: ["smtp", "smtps"] }).parse(found),
};

export const settings = {
  ...serviceSettings(8085),
  smtpUrl,
  mailFrom: text("MAIL_FROM", { default: "EcoTrack <orders@ecotrack.test>" }),
};

export const readConfig = (env: Environment) => readSettings("notification-service", env, settings);
