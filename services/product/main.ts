import { runService } from "#mesh/service";
import { createProductApp } from "./app.ts";
import { readConfig } from "./config.ts";

await runService({
  name: "product-service",
  readConfig,
  migrations: new URL("./migrations/", import.meta.url),
  async start(deps) {
    const { app, seed, close } = createProductApp(deps);
    deps.onClose(close);
    return { app, seed };
  },
});
