import type { PaypalBooks } from "./paypal-books.ts";
import { invalidRequest } from "./paypal-error.ts";
import { disputeSummary } from "./paypal-objects.ts";

const longestAgoMs = 180 * 24 * 60 * 60 * 1000;
const mostOnPage = 50;

/**
 * `GET /v1/customer/disputes`: summaries, the newest first, ten on a page unless asked otherwise, and the address of the
 * next page among the links. https://developer.paypal.com/docs/api/customer-disputes/v1/#disputes_list
 * @throws PaypalRefusal
 */
export function listDisputes(books: PaypalBooks, query: URLSearchParams, at: string): unknown {
  const size = Number(query.get("page_size") ?? 10);
  const start = Number(query.get("next_page_token") ?? 0);
  if (!Number.isInteger(size) || size < 1 || size > mostOnPage) {
    throw invalidRequest(`page_size is from 1 to ${mostOnPage}.`);
  }
  if (!Number.isInteger(start) || start < 0) throw invalidRequest("The next_page_token is none.");
  if (query.has("start_time") && query.has("disputed_transaction_id")) {
    throw invalidRequest("Either start_time or disputed_transaction_id, not both.");
  }
  const found = disputesFor(books, query);
  const next = new URLSearchParams(query);
  next.set("next_page_token", String(start + size));
  const links = [{ rel: "first", method: "GET", href: `${at}/v1/customer/disputes?page_size=${size}` }];
  if (start + size < found.length) {
    links.push({ rel: "next", method: "GET", href: `${at}/v1/customer/disputes?${next}` });
  }
  return { items: found.slice(start, start + size), links };
}

function disputesFor(books: PaypalBooks, query: URLSearchParams): Record<string, unknown>[] {
  const of = query.get("disputed_transaction_id");
  const state = query.get("dispute_state");
  const createdFrom = Math.max(timeOf(query, "start_time"), timeOf(query, "create_time_after"));
  const createdTo = timeOf(query, "create_time_before", Number.POSITIVE_INFINITY);
  const updatedFrom = timeOf(query, "update_time_after");
  const updatedTo = timeOf(query, "update_time_before", Number.POSITIVE_INFINITY);
  return [...books.orders.values()].reverse().flatMap((order) => {
    const { dispute, captureId } = order;
    if (dispute === undefined) return [];
    const { openedAt, updatedAt = openedAt } = dispute;
    const summary = disputeSummary(order, dispute);
    const isWanted =
      (of === null || of === captureId) &&
      (state === null || state === summary.dispute_state) &&
      openedAt >= createdFrom &&
      openedAt <= createdTo &&
      updatedAt >= updatedFrom &&
      updatedAt <= updatedTo;
    return isWanted ? [summary] : [];
  });
}

/** @param otherwise without that parameter */
function timeOf(query: URLSearchParams, name: string, otherwise = Number.NEGATIVE_INFINITY): number {
  const text = query.get(name);
  if (text === null) return otherwise;
  const at = Date.parse(text);
  if (Number.isNaN(at)) throw invalidRequest(`${name} is not a time.`);
  if (at < Date.now() - longestAgoMs) throw invalidRequest(`${name} is more than 180 days ago.`);
  return at;
}
