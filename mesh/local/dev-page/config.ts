import { type Environment, integer, optional, readSettings, type Setting, text } from "#mesh/settings";
import type { ServiceName } from "../service-names.ts";
import type { WatchedProcess } from "./watch-process.ts";

/** What the launcher says in JSON; nobody else sets it. */
function json<T>(name: string, { default: fallback }: { default: T }): Setting<T> {
  return { name, secret: false, fallback: { value: fallback }, parse: (found) => JSON.parse(found) as T };
}

const settings = {
  port: integer("PORT", { min: 0, max: 65_535, default: 8099 }),
  logs: text("LOGS_FOLDER", { default: ".ecotrack/logs" }),
  processes: json<readonly WatchedProcess[]>("PROCESSES", { default: [] }),
  links: json<Readonly<Record<string, string>>>("LINKS", { default: {} }),
  /** `{"order":"postgres://…"}`. */
  databaseUrls: { ...text("DATABASE_URLS", { default: "{}" }), secret: true },
  mailboxUrl: optional(text("MAILBOX_URL")),
  orderExample: text("ORDER_EXAMPLE", { default: "" }),
  /** Where traces go in place of here. */
  tracesElsewhere: optional(text("TRACES_ELSEWHERE")),
};

export function readConfig(env: Environment) {
  const { databaseUrls, ...config } = readSettings("dev-page", env, settings);
  return { ...config, databaseUrls: JSON.parse(databaseUrls) as Partial<Record<ServiceName, string>> };
}

export type DevPageConfig = ReturnType<typeof readConfig>;
