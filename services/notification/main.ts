import { runService } from "#mesh/service";
import { createNotificationApp } from "./app.ts";
import { readConfig } from "./config.ts";

await runService({
  name: "notification-service",
  readConfig,
  findsByKey: true,
  migrations: new URL("./migrations/", import.meta.url),
  async start(deps, config) {
    const service = await createNotificationApp({ ...deps, config });
    deps.onClose(() => service.close());
    return { app: service.app };
  },
});
