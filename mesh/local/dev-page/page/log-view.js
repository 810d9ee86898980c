// Log lines: the list that follows them, and single ones elsewhere.
import { clock, colour, element, fieldList, make, shortName } from "./elements.js";

const mostLines = 500;
const filter = { service: "", level: "", text: "", trace: "", correlation: "" };
let paused = false;
let waiting = [];
let changed = () => {};

/** The question that goes with the stream. */
export const logQuery = () => new URLSearchParams(Object.entries(filter).filter(([, value]) => value));

/** `onFilter` is called when other lines are wanted. */
export function startLogs(onFilter) {
  changed = () => {
    showChips();
    onFilter();
  };
  for (const name of ["service", "level"]) {
    element(`log-${name}`).addEventListener("change", ({ target }) => set(name, target.value));
  }
  let typing;
  element("log-text").addEventListener("input", ({ target }) => {
    clearTimeout(typing);
    typing = setTimeout(() => set("text", target.value.trim()), 250);
  });
  element("log-pause").addEventListener("click", ({ target }) => {
    paused = !paused;
    target.setAttribute("aria-pressed", String(paused));
    target.textContent = paused ? "Go on" : "Pause";
    if (!paused) addLines(waiting.splice(0));
  });
}

function set(name, value) {
  filter[name] = value;
  changed();
}

function showChips() {
  const chips = ["trace", "correlation"].filter((name) => filter[name]);
  element("log-chips").replaceChildren(
    ...chips.map((name) => {
      const text = `${name} ${filter[name].slice(0, 12)} ✕`;
      const chip = make("button", {
        type: "button",
        text,
        className: "chip",
        title: `${filter[name]}: show all again`,
      });
      chip.addEventListener("click", () => set(name, ""));
      return chip;
    }),
  );
}

export function showServices(names) {
  const select = element("log-service");
  const there = new Set([...select.options].map(({ value }) => value));
  select.append(
    ...names.filter((name) => !there.has(name)).map((name) => make("option", { value: name, text: name })),
  );
}

export function clearLines() {
  waiting = [];
  element("logs").replaceChildren();
  element("no-logs").hidden = false;
}

export function addLines(lines, cut = false) {
  if (paused) {
    waiting = [...waiting, ...lines].slice(-mostLines);
    element("log-pause").textContent = `Go on (${waiting.length})`;
    return;
  }
  showServices(lines.map(({ service }) => service));
  const list = element("logs");
  for (const line of lines) {
    const item = lineItem(line);
    // Each process writes in batches: a line may be older than one that is there already.
    const older = [...list.children].find((each) => Number(each.getAttribute("data-time")) <= line.time);
    list.insertBefore(item, older ?? null);
  }
  if (cut)
    list.prepend(
      make("li", {
        className: "cut",
        text: "Too many at once: some are not shown.",
        "data-time": String(Date.now()),
      }),
    );
  while (list.children.length > mostLines) list.lastElementChild.remove();
  element("no-logs").hidden = list.children.length > 0;
}

/** A line that opens to show all that it says. `start`: times are told from there, in milliseconds. */
export function lineItem(line, start) {
  const { service, time, level, message, traceId, correlationId } = line;
  const when = start === undefined ? clock(time) : `+${Math.max(0, Math.round(time - start))} ms`;
  const summary = make(
    "summary",
    {},
    make("time", { text: when, title: new Date(time).toISOString() }),
    make("span", { className: `level ${level}`, text: level }),
    make("span", { className: `service ${colour(service)}`, text: shortName(service) }),
    make("span", { className: "message", text: message }),
  );
  const details = make("details", {}, summary);
  // Most lines are never opened.
  details.addEventListener("toggle", () => {
    if (details.open && details.children.length === 1) details.append(lineBody(line));
  });
  const link =
    traceId && start === undefined
      ? make("a", {
          href: `#trace/${traceId}`,
          text: "trace",
          "aria-label": `Trace of this line, ${traceId.slice(0, 8)}`,
        })
      : undefined;
  return make(
    "li",
    { className: level, "data-time": String(time), "data-correlation": correlationId },
    details,
    link,
  );
}

function lineBody({ fields, traceId, spanId, correlationId, time }) {
  const ids = Object.fromEntries(
    Object.entries({ trace_id: traceId, span_id: spanId, correlation_id: correlationId }).filter(
      ([, id]) => id,
    ),
  );
  const body = make("div", {}, fieldList({ time: new Date(time).toISOString(), ...fields, ...ids }));
  for (const [name, id] of [
    ["trace", traceId],
    ["correlation", correlationId],
  ]) {
    if (!id) continue;
    const only = make("button", {
      type: "button",
      text: `only this ${name}${name === "trace" ? "" : " id"}`,
    });
    only.addEventListener("click", () => {
      location.hash = "";
      set(name, id);
    });
    body.append(only);
  }
  return body;
}
