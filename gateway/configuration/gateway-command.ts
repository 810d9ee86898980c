import { readFile } from "node:fs/promises";
import { join, relative } from "node:path";
import { parseArgs } from "node:util";
import { placeholderOf, placeholderVariables } from "../config.ts";
import { checkFile } from "./check.ts";
import { type Call, explainCall } from "./explain.ts";
import { explainText } from "./explain-text.ts";
import { GatewayFileError, parseGatewayFile } from "./gateway-file.ts";
import { gatewayFileSchema } from "./gateway-file-schema.ts";

const usage = `What an operator asks about gateway.yaml. Needs no environment and no running gateway.

  bun run gateway check [file]                 finds every mistake, each as file:line:column
  bun run gateway explain <method> <target>    tells what becomes of a call, such as GET /api/orders/1
      --host <host>            as the client names it; localhost when left out
      --header <name=value>    for routes with header conditions, a page's origin; again for more
      --file <file>            instead of gateway/gateway.yaml
      --json                   for programs
  bun run gateway schema                       prints the JSON Schema of the file

What \${NAME} stands for is taken from the environment where it is set. Ends with 0 when all is well, with 1 when the file
has a mistake or no route takes the call, with 2 when it was called wrongly or the file cannot be read.`;

/** A call of the command that makes no sense. */
class UsageError extends Error {}

const options = {
  host: { type: "string" },
  header: { type: "string", multiple: true },
  file: { type: "string" },
  json: { type: "boolean" },
  help: { type: "boolean", short: "h" },
} as const;

async function main(args: string[]): Promise<number> {
  const { values, positionals } = readArguments(args);
  const [command, ...rest] = positionals;
  if (values.help) {
    console.log(usage);
    return 0;
  }
  if (command === "check" && rest.length <= 1) return check(values.file ?? rest[0]);
  if (command === "explain" && rest.length === 2) return explain(readCall(rest, values), values);
  if (command === "schema" && rest.length === 0) {
    console.log(JSON.stringify(gatewayFileSchema, null, 2));
    return 0;
  }
  throw new UsageError(
    command === undefined ? "nothing was asked" : `"${positionals.join(" ")}" is not understood`,
  );
}

function readArguments(args: string[]) {
  try {
    return parseArgs({ args, options, allowPositionals: true });
  } catch (cause) {
    throw new UsageError((cause as Error).message, { cause });
  }
}

type Options = ReturnType<typeof readArguments>["values"];

async function check(file: string | undefined): Promise<number> {
  const { name, text } = await open(file);
  const { good, lines } = checkFile(name, text, placeholderVariables(process.env));
  for (const line of lines) console[good ? "log" : "error"](line);
  return good ? 0 : 1;
}

async function explain(call: Call, { file, json }: Options): Promise<number> {
  const { name, text } = await open(file);
  const variables = placeholderVariables(process.env);
  const explanation = explainCall(name, parseGatewayFile(name, text, variables), call);
  const lines = json ? [JSON.stringify(explanation, null, 2)] : explainText(explanation);
  for (const line of lines) console.log(withNames(line, variables));
  return explanation.refused ? 1 : 0;
}

/** Says `${NAME}` again where nothing is known to stand for it. */
function withNames(line: string, variables: Readonly<Record<string, string>>): string {
  const unset = Object.entries(variables).filter(([name, value]) => value === placeholderOf(name));
  return unset.reduce((text, [name, value]) => text.replaceAll(value, `\${${name}}`), line);
}

/** Taken as it is: what is wrong with it is for the gateway's own parser to say. */
function readCall([method = "", target = ""]: readonly string[], given: Options): Call {
  const { host = "localhost", header = [] } = given;
  const headers = header.map((each) => {
    const at = each.indexOf("=");
    if (at < 1) throw new UsageError(`"${each}" is no header, expected name=value`);
    return [each.slice(0, at), each.slice(at + 1)] as const;
  });
  return { method, target, host, headers };
}

async function open(file: string | undefined): Promise<{ name: string; text: string }> {
  const path = file ?? join(import.meta.dirname, "../gateway.yaml");
  const name = file ?? (relative(process.cwd(), path) || path);
  const text = await readFile(path, "utf8").catch((cause: Error) => {
    throw new UsageError(`${name} cannot be read: ${cause.message}`, { cause });
  });
  return { name, text };
}

main(process.argv.slice(2)).then(
  (code) => {
    process.exitCode = code;
  },
  (error: unknown) => {
    process.exitCode = error instanceof GatewayFileError ? 1 : 2;
    if (error instanceof UsageError) console.error(`${error.message}\n\n${usage}`);
    else if (error instanceof GatewayFileError) console.error(error.message);
    else throw error;
  },
);
