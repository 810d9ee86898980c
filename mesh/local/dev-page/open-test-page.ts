import { appendFileSync, mkdtempSync } from "node:fs";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createLog } from "#observability/log";
import type { DevPageConfig } from "./config.ts";
import { type DevPage, openDevPage } from "./dev-page.ts";

export interface TestPage extends DevPage {
  readonly url: string;
  readonly write: (file: string, ...lines: readonly string[]) => void;
  readonly sendSpans: (request: unknown) => Promise<Response>;
  /** As it is written, with whatever `Host` and path: no client in between that makes them better. */
  readonly ask: (path: string, headers?: Record<string, string>, method?: string) => Promise<RawAnswer>;
}

export interface RawAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

/** For tests: the page on a free port, over a folder of logs of its own. */
export function openTestPage(config: Partial<DevPageConfig> = {}): TestPage {
  const logs = mkdtempSync(join(tmpdir(), "dev-page-"));
  const page = openDevPage(
    {
      port: 0,
      logs,
      processes: [],
      links: { "API documentation": "http://127.0.0.1:1/docs", Mailbox: "http://127.0.0.1:1" },
      databaseUrls: {},
      mailboxUrl: undefined,
      orderExample: "curl -s http://127.0.0.1:1/api/orders",
      tracesElsewhere: undefined,
      ...config,
    },
    createLog({ service: "dev-page", level: "silent" }),
  );
  const url = `http://127.0.0.1:${page.port}`;
  return {
    ...page,
    url,
    write: (file, ...lines) => appendFileSync(join(logs, file), lines.map((line) => `${line}\n`).join("")),
    sendSpans: (spans) =>
      fetch(`${url}/v1/traces`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(spans),
      }),
    ask: (path, headers = {}, method = "GET") => askRaw(page.port, { path, headers, method }),
  };
}

function askRaw(
  port: number,
  options: { path: string; headers: Record<string, string>; method: string },
): Promise<RawAnswer> {
  return new Promise((resolve, reject) => {
    const sent = request({ host: "127.0.0.1", port, ...options }, (response) => {
      const parts: Buffer[] = [];
      response.on("data", (part: Buffer) => parts.push(part));
      response.on("end", () =>
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          body: Buffer.concat(parts).toString("utf8"),
        }),
      );
    });
    sent.on("error", reject);
    sent.end();
  });
}
