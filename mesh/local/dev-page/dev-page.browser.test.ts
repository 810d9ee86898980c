import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "bun:test";
import { type Browser, chromium, type Page } from "playwright-core";
import { eventually } from "#mesh/eventually";
import { listen } from "#mesh/listen";
import { findProgram } from "../find-program.ts";
import { openTestPage, type TestPage } from "./open-test-page.ts";
import { recordedOrder } from "./recorded-order.ts";

// In a real browser, where there is one; Debian's package is called chromium.
const program = findProgram("chromium") ?? findProgram("chromium-browser");
const inBrowser = test.skipIf(program === undefined);

const order = recordedOrder();
const process = { readyUrl: "", health: 200, metrics: "" };
let fake: ReturnType<typeof listen>;
let browser: Browser | undefined;
let house: TestPage;
let page: Page;
let complaints: string[] = [];

beforeAll(async () => {
  fake = listen({
    port: 0,
    hostname: "127.0.0.1",
    fetch: ({ url }) =>
      url.endsWith("/metrics")
        ? new Response(process.metrics)
        : Response.json({ status: "not-ready", failing: ["postgres"] }, { status: process.health }),
  });
  process.readyUrl = `http://127.0.0.1:${fake.port}/health/ready`;
  if (program === undefined) return;
  // Without a sandbox of its own: the tests' user may be root, and it opens nothing but this page.
  browser = await chromium.launch({ executablePath: program, args: ["--no-sandbox", "--disable-gpu"] });
});
afterAll(async () => {
  await browser?.close();
  await fake.stop(100);
});

beforeEach(async () => {
  if (!browser) return;
  Object.assign(process, {
    health: 200,
    metrics: 'build_info{version="0.1.0"} 1\noutbox_published_total 7\n',
  });
  const metricsUrl = process.readyUrl.replace("health/ready", "metrics");
  const service = { name: "order-service", kind: "service", readyUrl: process.readyUrl, metricsUrl } as const;
  house = openTestPage({ processes: [service] });
  complaints = [];
  page = await browser.newPage();
  page.setDefaultTimeout(15_000);
  page.on("console", (message) => message.type() === "error" && complaints.push(message.text()));
  page.on("pageerror", (error) => complaints.push(String(error)));
});
afterEach(async () => {
  if (!browser) return;
  await page.close();
  await house.stop();
  // A refused style or script would be among them.
  expect(complaints).toEqual([]);
});

const lateSpan = {
  resourceSpans: [
    {
      scopeSpans: [
        {
          spans: [
            {
              traceId: order.traceId,
              spanId: "f".repeat(16),
              name: "settled the day after",
              startTimeUnixNano: "1795352731000000000",
              endTimeUnixNano: "1795352731000000001",
            },
          ],
        },
      ],
    },
  ],
};

const text = async (selector: string) => (await page.locator(selector).textContent()) ?? "";
const open = () => page.goto(house.url);

async function fill(): Promise<void> {
  for (const each of order.requests) await house.sendSpans(each);
  for (const [file, lines] of order.logs) house.write(file, ...lines);
}

inBrowser("before anything was asked for, the page says how to begin", async () => {
  await open();
  await page.getByText("Nobody has asked for anything yet").waitFor();
  expect(await text("#order-example")).toContain("curl");
  expect(await text("#no-dead-letters")).toContain("None.");
  await page.getByText("all 1 processes are ready").waitFor();
  expect(await text("#processes li")).toContain("version 0.1.0");
  expect(await text("#bus tr")).toContain("7");
});

inBrowser(
  "an order that is placed while somebody watches is seen, as a waterfall with its log lines",
  async () => {
    await open();
    await page.locator("#no-traces").waitFor();
    await fill();
    const item = page.locator("#traces a");
    // Its spans come in several requests: at first less is known of it.
    await item.filter({ hasText: "201POST /api/orders854 ms" }).waitFor();
    // What processes ask each other is not shown unless it is wanted.
    await page.getByLabel("background work").check();
    await page.locator("#traces li").nth(2).waitFor();
    await item.filter({ hasText: "/api/orders" }).press("Enter");
    await page.locator("#spans li").nth(33).waitFor();
    expect(await text("#trace-about")).toContain("854 ms until the answer");
    expect(await text("#trace-slowest")).toContain("order");
    expect(await page.locator("#spans .linked").count()).toBe(1);
    await page.locator("#trace-lines", { hasText: "mail sent" }).waitFor();
    await page.locator("#spans summary", { hasText: "order-processing" }).click();
    // A browser tells of the opening a little after it (HTML Living Standard §4.11.1): only then it is filled.
    await page.locator("#spans details[open]", { hasText: "order.outcome" }).waitFor();
    await page.locator("#trace-lines summary", { hasText: "mail sent" }).press("Enter");
    await page.locator("#trace-lines details[open]", { hasText: "span_id" }).waitFor();
    // What comes later joins it while it is looked at, and takes nothing away: not what is open, not the focus.
    await house.sendSpans(lateSpan);
    await page.locator("#spans", { hasText: "settled the day after" }).waitFor();
    expect(await text("#spans details[open]")).toContain("order.outcome");
    expect(await text("#trace-lines details[open] summary:focus")).toContain("mail sent");
    await page.keyboard.press("Escape");
    await page.locator("#traces").waitFor();
  },
);

inBrowser("lines are found by process, level and text, and lead to their trace", async () => {
  await fill();
  const odd = '<img src=x onerror="document.title=1">';
  house.write("order-service.log", "not JSON, but an error", JSON.stringify({ level: "warn", message: odd }));
  await open();
  const lines = page.locator("#logs > li");
  // What a process writes is text, whatever it looks like.
  await lines.filter({ hasText: odd }).waitFor();
  expect(await page.title()).toBe("EcoTrack, running");
  await page.getByLabel("Only lines of this level and worse").selectOption("error");
  await eventually(async () => {
    expect(await lines.allInnerTexts()).toEqual([expect.stringContaining("not JSON, but an error")]);
    return true;
  });
  await page.getByLabel("Only lines of this level and worse").selectOption("");
  await lines.filter({ hasText: odd }).waitFor();
  await page.getByLabel("Filter lines by text").fill("MAIL");
  await lines.filter({ hasText: odd }).waitFor({ state: "detached" });
  await lines.filter({ hasText: "mail sent" }).locator("summary").click();
  await page.locator("#logs .fields", { hasText: order.traceId }).waitFor();
  await lines.getByRole("link", { name: "Trace of this line" }).click();
  await page.locator("#spans li").first().waitFor();
  await page.locator("#trace-back").click();
  await page.getByRole("button", { name: "only this trace" }).click();
  await page.getByTitle(order.traceId).waitFor();
});

inBrowser("a process that lacks something, and one that has gone, is told of", async () => {
  await open();
  await page.locator("#state.good").waitFor();
  process.health = 503;
  await page.getByText("not ready: without postgres").waitFor();
  expect(await text("#state")).toBe("order-service is not ready");
});

inBrowser("it is readable in the dark and fits a phone", async () => {
  await fill();
  await page.emulateMedia({ colorScheme: "dark" });
  await page.setViewportSize({ width: 390, height: 844 });
  const looks = () =>
    page.evaluate(() => ({
      ground: getComputedStyle(document.documentElement).backgroundColor,
      over: document.documentElement.scrollWidth - innerWidth,
    }));
  await open();
  await page.locator("#traces a").waitFor();
  expect(await looks()).toEqual({ ground: "rgb(18, 22, 26)", over: 0 });
  await page.locator("#traces a").click();
  await page.locator("#spans li").nth(33).waitFor();
  expect(await looks()).toEqual({ ground: "rgb(18, 22, 26)", over: 0 });
  await page.emulateMedia({ colorScheme: "light" });
  expect((await looks()).ground).toBe("rgb(244, 246, 243)");
});
