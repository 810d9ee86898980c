import { serviceNames as processNames } from "../identity/service-name.ts";

const serviceNames = processNames
  .filter((name) => name.endsWith("-service"))
  .map((name) => name.replace("-service", ""));

export interface DlqOptions {
  readonly command: "list" | "show" | "replay" | "help";
  readonly id?: string;
  readonly all: boolean;
  readonly dryRun: boolean;
  /** With those that were replayed already. */
  readonly replayed: boolean;
  /** Without `-service`. */
  readonly service?: string;
}

export const usage = `Usage: bun run dlq <command> [--service ${serviceNames.join("|")}]

Events that were set aside: inbox = a service could not react to them, outbox = the bus refused them for good.

  list [--replayed]                  those that wait (with --replayed, all of them)
  show <id>                          one of them: reason, attempts and the event itself
  replay <id> | --all [--dry-run]    tries them again; --dry-run only says which

An event of an inbox is claimed again there, so that it has its effect at most once however often it is replayed; the
service has to run. An event of an outbox is put back into it.

Without --service all services are looked through. The databases are those of the running bun dev (ECOTRACK_HOME), or
the one of DATABASE_URL.`;

const uuidPattern = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** What the command line asks for, or what is wrong with it. */
export function readDlqOptions(args: readonly string[]): DlqOptions | { mistake: string } {
  const options = { all: false, dryRun: false, replayed: false };
  const words: string[] = [];
  let service: string | undefined;
  const rest = [...args];
  for (let arg = rest.shift(); arg !== undefined; arg = rest.shift()) {
    if (arg === "--all") options.all = true;
    else if (arg === "--dry-run") options.dryRun = true;
    else if (arg === "--replayed") options.replayed = true;
    else if (arg === "--help" || arg === "-h") words.unshift("help");
    else if (arg === "--service" || arg.startsWith("--service=")) {
      const value = (arg.split("=")[1] ?? rest.shift() ?? "").replace(/-service$/, "");
      service = serviceNames.find((name) => name === value);
      if (!service)
        return {
          mistake: `--service is ${JSON.stringify(value)}, expected one of ${serviceNames.join(", ")}`,
        };
    } else if (arg.startsWith("-")) return { mistake: `There is no option ${arg}` };
    else words.push(arg);
  }
  const [command = "help", id, surplus] = words;
  const given = { ...options, ...(service && { service }), ...(id !== undefined && { id }) };
  if (command === "help") return { ...given, command };
  if (command !== "list" && command !== "show" && command !== "replay")
    return { mistake: `There is no command ${JSON.stringify(command)}` };
  if (surplus !== undefined) return { mistake: `${JSON.stringify(surplus)} is one word too many` };
  if (id !== undefined && !uuidPattern.test(id))
    return { mistake: `${JSON.stringify(id)} is no id of an event, which is a UUID` };
  if (command === "list" && id !== undefined) return { mistake: `list takes no id: see show ${id}` };
  if (command === "show" && id === undefined) return { mistake: "show needs the id of an event" };
  if (command === "replay" && (id === undefined) !== options.all)
    return { mistake: "replay needs either the id of an event or --all" };
  return { ...given, command };
}
