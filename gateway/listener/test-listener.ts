import { Fields } from "../http/fields.ts";
import type { EdgeRequest } from "./edge-request.ts";
import { type EdgeResponse, problemAnswer } from "./edge-response.ts";
import { HttpListener, type ListenerLimits } from "./http-listener.ts";
import { openTestClient, type TestClient } from "./test-client.ts";

const patient: ListenerLimits = {
  timeouts: { headersMs: 10_000, bodyMs: 30_000, idleMs: 60_000, writeMs: 30_000 },
  perAddress: 256,
  most: 20_000,
  proxyProtocol: false,
};

interface Wanted {
  readonly serve?: (request: EdgeRequest) => void;
  readonly limits?: Partial<ListenerLimits>;
  readonly trusted?: (address: string) => boolean;
}

export interface TestListener {
  readonly edge: HttpListener;
  /** Method and target of each request, as it was served. */
  readonly served: string[];
  client(this: void): Promise<TestClient>;
}

const opened: (() => unknown)[] = [];

/** To be called after each test. */
export async function endTestListeners(): Promise<void> {
  for (const end of opened.splice(0).reverse()) await end();
}

/** A listener that answers every request with its method, target and body, unless a test serves otherwise. */
export async function openTestListener({
  serve = echo,
  limits,
  trusted = () => false,
}: Wanted = {}): Promise<TestListener> {
  const served: string[] = [];
  const edge = await HttpListener.open({
    port: 0,
    hostname: "127.0.0.1",
    limits: () => ({ ...patient, ...limits }),
    trusted,
    serve: (request) => {
      served.push(`${request.method} ${request.head.target}`);
      serve(request);
    },
    refuse: (problem) => problemAnswer(problem, "/"),
  });
  opened.push(() => edge.stop(0));
  const client = async () => {
    const one = await openTestClient(edge.port);
    opened.push(() => one.close());
    return one;
  };
  return { edge, served, client };
}

export function echo(request: EdgeRequest): void {
  void (async () => {
    const problem = await request.readBody(100_000);
    request.respond(problem ? problemAnswer(problem, "/") : plain(echoOf(request)));
  })();
}

const echoOf = ({ method, head, body }: EdgeRequest): string =>
  `${method} ${head.target} ${Buffer.from(body ?? "").toString("latin1")}`;

export function plain(text: string): EdgeResponse {
  const fields = new Fields();
  fields.append("content-type", "text/plain");
  return { status: 200, fields, body: Buffer.from(text, "latin1") };
}

export const statusOf = (text: string): number => Number(/^HTTP\/1\.1 (\d+)/.exec(text)?.[1]);
export const host = "Host: shop.test\r\n";
