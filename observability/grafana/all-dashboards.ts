import { busAndOutbox } from "./dashboards/bus-and-outbox.ts";
import { gateway } from "./dashboards/gateway.ts";
import { objectives } from "./dashboards/objectives.ts";
import { ordersAndMoney } from "./dashboards/orders-and-money.ts";
import { overview } from "./dashboards/overview.ts";
import { runtime } from "./dashboards/runtime.ts";
import { services } from "./dashboards/service.ts";
import { stores } from "./dashboards/stores.ts";
import { sustainability } from "./dashboards/sustainability.ts";

const pages = [
  overview,
  gateway,
  ...services,
  ordersAndMoney,
  sustainability,
  objectives,
  busAndOutbox,
  stores,
  runtime,
] as { uid: string }[];

/** Every dashboard as the text of its file, by the file's name in dashboards/. */
export const allDashboards: ReadonlyMap<string, string> = new Map(
  pages.map((page) => [`${page.uid.replace("ecotrack-", "")}.json`, `${JSON.stringify(page, null, 2)}\n`]),
);
