import { runService } from "#mesh/service";
import { createOrderApp, openClients } from "./app.ts";
import { readConfig } from "./config.ts";

const config = readConfig(process.env);

await runService({
  name: "order-service",
  config,
  migrations: new URL("./migrations/", import.meta.url),
  async start(deps) {
    const { app, close } = createOrderApp({ ...deps, ...openClients(config, deps) });
    deps.onClose(close);
    return { app };
  },
});
