import { runService } from "#mesh/service";
import { createUserApp } from "./app.ts";
import { readConfig } from "./config.ts";

await runService({
  name: "user-service",
  readConfig,
  migrations: new URL("./migrations/", import.meta.url),
  async start(deps, config) {
    const { app, seed, close } = await createUserApp({ ...deps, config });
    deps.onClose(close);
    return { app, seed };
  },
});
