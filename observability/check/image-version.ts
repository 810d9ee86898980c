import { readFileSync } from "node:fs";
import { parse } from "yaml";

const file = new URL("../../compose.yaml", import.meta.url);

/** The version of a service's image in compose.yaml. */
export function imageVersion(service: string): string {
  const { services } = parse(readFileSync(file, "utf8"), { merge: true, maxAliasCount: -1 }) as {
    services: Record<string, { image: string }>;
  };
  const version = services[service]?.image.split(":").at(-1);
  if (version === undefined) throw new Error(`compose.yaml has no service ${service}`);
  return version;
}
