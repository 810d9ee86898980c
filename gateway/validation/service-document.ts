import type { Log } from "#observability/log";
import type { Route } from "../routes.ts";
import { compileOperation, type OperationCheck } from "./operation-check.ts";

type Json = Readonly<Record<string, unknown>>;

/** Why there is nothing to check a request against. */
export type NoCheck = "no-document" | "no-operation" | "not-compiled";

/** The OpenAPI document of one service, and the checks made of it so far. */
export class ServiceDocument {
  readonly #document: Json;
  /** By `get /api/orders/{}`: routes and service need not agree on the names of parameters. */
  readonly #operations = new Map<string, { path: string; operation: Json }>();
  readonly #checks = new WeakMap<Route, Map<string, OperationCheck | NoCheck>>();

  /** @throws Error when the text is no JSON object */
  constructor(
    readonly text: string,
    readonly etag: string,
    private readonly log: Log,
  ) {
    const document: unknown = JSON.parse(text);
    if (!isJson(document)) throw new Error("The OpenAPI document is no object");
    this.#document = document;
    for (const [path, item] of Object.entries(isJson(document.paths) ? document.paths : {})) {
      for (const [method, operation] of Object.entries(isJson(item) ? item : {})) {
        if (isJson(operation)) this.#operations.set(`${method} ${shape(path)}`, { path, operation });
      }
    }
  }

  /** Compiled when it is first asked for. */
  checkOf(route: Route, method: string): OperationCheck | NoCheck {
    const known = this.#checks.get(route)?.get(method);
    if (known !== undefined) return known;
    const check = this.#compile(route, method === "HEAD" ? "get" : method.toLowerCase());
    const checks = this.#checks.get(route) ?? new Map<string, OperationCheck | NoCheck>();
    this.#checks.set(route, checks.set(method, check));
    return check;
  }

  #compile({ template }: Route, method: string): OperationCheck | NoCheck {
    const found = this.#operations.get(`${method} ${shape(template)}`);
    if (!found) return "no-operation";
    try {
      return compileOperation(this.#document, found.path, found.operation);
    } catch (error) {
      this.log.warn({ err: error, route: template, method }, "an OpenAPI description cannot be used");
      return "not-compiled";
    }
  }
}

const shape = (path: string): string => path.replaceAll(/\{\w+\}/g, "{}").replace(/(.)\/$/, "$1");

const isJson = (value: unknown): value is Json =>
  typeof value === "object" && value !== null && !Array.isArray(value);
