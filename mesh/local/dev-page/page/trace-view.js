// The list of traces, and one of them as a waterfall.
import { ago, colour, element, fieldList, make, millis, shortName, show, showItems } from "./elements.js";
import { lineItem } from "./log-view.js";

const mostTraces = 300;
const traces = new Map();
let facts = {};
let shownId;

export function startTraces(given) {
  facts = given;
  for (const id of ["trace-text", "trace-failed", "trace-background"]) {
    element(id).addEventListener("input", showList);
  }
  element("copy-example").addEventListener(
    "click",
    () => void navigator.clipboard.writeText(facts.orderExample),
  );
  showList();
}

export function clearTraces() {
  traces.clear();
  showList();
}

/** @returns whether the one that is shown was among them */
export function addTraces(summaries) {
  for (const each of summaries) traces.set(each.traceId, each);
  const newest = [...traces.values()].sort((a, b) => b.start - a.start);
  for (const { traceId } of newest.slice(mostTraces)) traces.delete(traceId);
  showList();
  return summaries.some(({ traceId }) => traceId === shownId);
}

/** What nobody outside asked for. */
const isBackground = ({ service, kind }) => service !== "gateway" || kind !== "server";

function showList() {
  const text = element("trace-text").value.trim().toLowerCase();
  const failed = element("trace-failed").checked;
  const background = element("trace-background").checked;
  const found = [...traces.values()]
    .filter((each) => (background || !isBackground(each) || each.failed) && (!failed || each.failed))
    .filter(({ name, services, traceId, status }) =>
      `${name} ${services.join(" ")} ${traceId} ${status ?? ""}`.toLowerCase().includes(text),
    )
    .sort((a, b) => b.start - a.start);
  const longest = Math.max(1, ...found.map(({ ms }) => ms));
  show(element("traces"), found.map(traceItem));
  for (const [at, bar] of [...element("traces").querySelectorAll(".length")].entries()) {
    bar.style.setProperty("--share", String(found[at].ms / longest));
  }
  showNone(found.length === 0, Boolean(text || failed));
}

function showNone(none, filtered) {
  const { tracesElsewhere, orderExample } = facts;
  element("no-traces").hidden = !none;
  element("no-traces-why").textContent = filtered
    ? "No trace fits."
    : tracesElsewhere
      ? `Traces go to ${tracesElsewhere} (OTEL_EXPORTER_OTLP_ENDPOINT), not here. Start bun dev without it to see them here.`
      : "Nobody has asked for anything yet. Place an order: paste this into a terminal.";
  const example = !filtered && !tracesElsewhere && orderExample;
  element("order-example").hidden = !example;
  element("copy-example").hidden = !example;
  element("order-example").textContent = orderExample ?? "";
}

function traceItem({ traceId, name, service, status, start, ms, spans, services, failed }) {
  const dots = services.map((each) => make("i", { className: `dot ${colour(each)}`, title: each }));
  const link = make(
    "a",
    { href: `#trace/${traceId}`, className: (status === undefined ? failed : status >= 500) ? "failed" : "" },
    make("span", {
      className: `status ${status >= 400 ? "refused" : ""}`,
      text: status ?? (failed ? "failed" : "·"),
    }),
    make("strong", { text: name }),
    make("span", { className: "dots", role: "img", "aria-label": services.join(", ") }, ...dots),
    make("span", { className: "number", text: millis(ms) }),
    make("span", { className: "quiet", text: `${service}, ${spans === 1 ? "1 span" : `${spans} spans`}` }),
    ago(start),
    make("span", { className: "length", "aria-hidden": "true" }),
  );
  return make("li", {}, link);
}

/** Fetches the trace and shows it; undefined ends it. */
export async function showTrace(traceId) {
  const isNew = traceId !== shownId;
  shownId = traceId;
  if (traceId === undefined) return;
  const response = await fetch(`/api/traces/${traceId}`);
  if (traceId !== shownId) return;
  if (!response.ok) return showMissing(traceId);
  const trace = await response.json();
  showAbout(trace);
  showAxis(trace.ms);
  showItems(element("spans"), trace.rows, ({ spanId }) => spanId, spanItem);
  placeBars(trace);
  const lines = trace.lines.map((line) => ({ line, start: trace.rows.length > 0 ? trace.start : line.time }));
  showItems(element("trace-lines"), lines, JSON.stringify, ({ line, start }) => lineItem(line, start));
  element("no-trace-lines").hidden = trace.lines.length > 0;
  if (isNew) element("trace-name").focus();
}

function showMissing(traceId) {
  for (const id of ["spans", "trace-lines"]) showItems(element(id), []);
  for (const id of ["trace-slowest", "trace-legend", "axis"]) element(id).replaceChildren();
  element("trace-name").textContent = "This trace is not here";
  element("trace-about").textContent = "The latest 500 are kept, since this page's process was started.";
  element("trace-ids").textContent = `trace ${traceId}`;
}

function showAbout({ traceId, rows, lines, ms, start, dropped }) {
  const [first] = rows;
  const failed = rows.filter((row) => row.failed);
  element("trace-name").textContent = first ? first.name : "Only log lines";
  const parts = [
    first && `${millis(first.ms)} until the answer`,
    first && ms > first.ms * 1.02 && `${millis(ms)} until all that follows was done`,
    `${rows.length} spans`,
    failed.length > 0 && `${failed.length} failed`,
    dropped > 0 && `${dropped} more are not kept`,
  ];
  element("trace-about").replaceChildren(
    parts.filter(Boolean).join(" · "),
    " · ",
    ...(first ? [ago(start)] : []),
  );
  const correlation = lines.find(({ correlationId }) => correlationId)?.correlationId;
  element("trace-ids").textContent = [
    `trace ${traceId}`,
    correlation && correlation !== traceId && `correlation ${correlation}`,
  ]
    .filter(Boolean)
    .join(" · ");
  showSlowest(rows);
  const services = [...new Set(rows.map(({ service }) => service))];
  const item = (name) => make("li", {}, make("span", { className: `service ${colour(name)}`, text: name }));
  element("trace-legend").replaceChildren(...services.map(item));
}

/** What nobody waits for. */
const later = { producer: true, consumer: true };

/** What the one who asked waited for most. */
function showSlowest(rows) {
  const end = rows.length > 0 ? rows[0].offset + rows[0].ms : 0;
  const slowest = rows
    .filter(({ kind, ownMs, offset, ms }) => !(kind in later) && ownMs > 0 && offset + ms / 2 < end)
    .filter(({ linked }) => !linked)
    .sort((a, b) => b.ownMs - a.ownMs)
    .slice(0, 3);
  const item = ({ service, name, ownMs, kind }) =>
    make(
      "li",
      {},
      make("span", { className: `service ${colour(service)}`, text: `${shortName(service)} ` }),
      make("span", { text: `${marks[kind] ?? ""}${name} ` }),
      make("strong", { text: millis(ownMs) }),
    );
  element("trace-slowest").replaceChildren(...slowest.map(item));
  element("trace-slowest-title").hidden = slowest.length === 0;
}

function showAxis(ms) {
  const marks = [0, 0.25, 0.5, 0.75, 1].map((share) => make("span", { text: millis(ms * share) }));
  element("axis").replaceChildren(...marks);
}

/** As the page explains below the name of the trace. */
const marks = { client: "→ ", producer: "⇢ ", consumer: "⇠ " };

/** All move when the trace becomes longer. */
function placeBars({ rows, ms: all }) {
  for (const [at, bar] of [...element("spans").querySelectorAll(".length")].entries()) {
    const { offset, ms } = rows[at];
    bar.style.setProperty("--from", String(all > 0 ? offset / all : 0));
    bar.style.setProperty("--share", String(all > 0 ? ms / all : 1));
  }
}

/** `before`: as it was drawn when less was known of it. */
function spanItem(row, before) {
  const { name, service, kind, depth, ms, failed, linked, orphan } = row;
  const bar = make("span", { className: `length ${colour(service)}` });
  const mark = linked ? "⤷ " : orphan ? "… " : (marks[kind] ?? "");
  const label = make(
    "span",
    { className: "name" },
    make("i", { className: `dot ${colour(service)}` }),
    make("span", { text: `${mark}${name}`, title: `${service}: ${name}` }),
  );
  label.style.setProperty("--depth", String(Math.min(depth, 12)));
  const lane = make("span", { className: "lane", "aria-hidden": "true" }, bar);
  const summary = make("summary", {}, label, lane, make("span", { className: "number", text: millis(ms) }));
  summary.setAttribute("aria-label", `${service}, ${name}, ${millis(ms)}${failed ? ", failed" : ""}`);
  const details = make("details", { open: before?.querySelector("details").open ?? false }, summary);
  const fill = () => details.open && details.children.length === 1 && details.append(spanBody(row));
  fill();
  details.addEventListener("toggle", fill);
  return make(
    "li",
    { className: [failed && "failed", linked && "linked"].filter(Boolean).join(" ") },
    details,
  );
}

function spanBody({
  service,
  kind,
  offset,
  ms,
  ownMs,
  shiftMs,
  orphan,
  linked,
  attributes,
  links,
  events,
  traceId,
  spanId,
  failed,
}) {
  const notes = [
    `${shortName(service)} · ${kind} · begins after ${millis(offset)} · ${millis(ownMs)} of ${millis(ms)} by itself`,
    failed && "failed",
    linked && "joined by a link: it came later, or was done for several at once",
    orphan && "the span above it has not come (yet)",
    shiftMs !== 0 && `its clock was corrected by ${millis(shiftMs)}`,
  ].filter(Boolean);
  const happened = events.map(({ name, at, attributes: more }) =>
    make("li", { text: `${name} ${JSON.stringify(more)}`, title: new Date(at).toISOString() }),
  );
  const others = [...new Set(links.map((link) => link.traceId))].concat(traceId === shownId ? [] : [traceId]);
  const leads = others
    .filter((id) => id !== shownId)
    .map((id) => make("a", { href: `#trace/${id}`, text: `linked trace ${id.slice(0, 8)} ` }));
  return make(
    "div",
    {},
    make("p", { text: notes.join(" · ") }),
    fieldList({ ...attributes, span_id: spanId }),
    happened.length > 0 ? make("ul", {}, ...happened) : undefined,
    ...leads,
  );
}
