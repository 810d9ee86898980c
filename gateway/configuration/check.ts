import { compileRoutes } from "../routes.ts";
import { GatewayFileError, parseGatewayFile, type ReadFile } from "./gateway-file.ts";

export interface Checked {
  readonly good: boolean;
  /** What to print, a line each: mistakes or warnings first, what the file holds last. */
  readonly lines: readonly string[];
}

/** Looks at a file as the gateway would, without its environment. */
export function checkFile(name: string, text: string, variables: Readonly<Record<string, string>>): Checked {
  let read: ReadFile;
  try {
    read = parseGatewayFile(name, text, variables);
  } catch (error) {
    if (!(error instanceof GatewayFileError)) throw error;
    const mistakes = error.message.split("\n");
    return { good: false, lines: [...mistakes, `${name}: ${count(mistakes.length, "mistake")}`] };
  }
  const { file, warnings } = read;
  const { routes, upstreams, limits } = compileRoutes(file);
  const calls = routes.reduce((sum, { methods }) => sum + methods.length, 0);
  const holds = [
    `${count(routes.length, "route")} for ${count(calls, "call")}`,
    count(upstreams.size, "upstream"),
    count(limits.size, "limit"),
    count(Object.keys(file.issuers).length, "issuer"),
    count(Object.keys(file.cors).length, "CORS policy", "CORS policies"),
  ];
  return {
    good: true,
    lines: [...warnings.map((warning) => `${warning} (warning)`), `${name}: good: ${holds.join(", ")}`],
  };
}

const count = (number: number, one: string, many = `${one}s`): string =>
  `${number} ${number === 1 ? one : many}`;
