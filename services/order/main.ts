import { runService } from "#mesh/service";
import { createOrderApp, openClients } from "./app.ts";
import { readConfig } from "./config.ts";

await runService({
  name: "order-service",
  readConfig,
  findsByKey: true,
  migrations: new URL("./migrations/", import.meta.url),
  async start(deps, config) {
    const { app, close } = createOrderApp({ ...deps, ...openClients(config, deps) });
    deps.onClose(close);
    return { app };
  },
});
