import { join } from "node:path";
import { createLog } from "#observability/log";
import { openDatabase } from "../postgres/open-database.ts";
import { dlq } from "./dlq.ts";
import { type DlqOptions, readDlqOptions, usage } from "./dlq-options.ts";

// `bun run dlq`: what was set aside, and trying it again.
const options = readDlqOptions(process.argv.slice(2));
if ("mistake" in options) {
  console.error(`${options.mistake}\n\n${usage}`);
  process.exit(2);
}
if (options.command === "help") {
  console.log(usage);
  process.exit(0);
}
process.exit((await run(options)) ? 0 : 1);

async function run(chosen: DlqOptions): Promise<boolean> {
  const log = createLog({ service: "dlq", level: "silent" });
  let stores: ReturnType<typeof openStores> = [];
  function openStores(urls: Readonly<Record<string, string>>) {
    return Object.entries(urls).map(([service, url]) => ({
      service,
      sql: openDatabase({ url, max: 1, applicationName: "dlq", log }),
    }));
  }
  try {
    stores = openStores(await databases(chosen));
    return await dlq(chosen, { stores, line: (text) => console.log(text) });
  } catch (error) {
    console.error(`Cannot look into what was set aside: ${(error as Error).message}`);
    return false;
  } finally {
    await Promise.all(stores.map(({ sql }) => sql.end({ timeout: 1 })));
  }
}

async function databases({ service }: DlqOptions): Promise<Record<string, string>> {
  const given = process.env.DATABASE_URL;
  if (given) return { [service ? `${service}-service` : "this service"]: given };
  // The image has no launcher, and always a DATABASE_URL.
  const { serviceDatabaseUrl } = await import("../local/service-database-url.ts");
  const { serviceNames } = await import("../local/service-names.ts");
  const root = join(import.meta.dirname, "../..");
  const chosen = serviceNames.filter((name) => service === undefined || name === service);
  return Object.fromEntries(
    chosen.map((name) => [`${name}-service`, serviceDatabaseUrl(root, name, process.env)]),
  );
}
