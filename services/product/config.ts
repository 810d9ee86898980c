import { serviceSettings } from "#mesh/service-settings";
import { type Environment, readSettings } from "#mesh/settings";

export const settings = serviceSettings(8082);

export const readConfig = (env: Environment) => readSettings("product-service", env, settings);
