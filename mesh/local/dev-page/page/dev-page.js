// What goes on in a running `bun dev`: plain DOM, no build, nothing from another host.
import { element, make } from "./elements.js";
import { showHouse } from "./house-view.js";
import { addLines, clearLines, logQuery, showServices, startLogs } from "./log-view.js";
import { addTraces, clearTraces, showTrace, startTraces } from "./trace-view.js";

let stream;
let refresh;
const facts = await (await fetch("/api/facts")).json();

const shownTrace = () => /^#trace\/([0-9a-f]{32})$/.exec(location.hash)?.[1];

function open() {
  stream?.close();
  if (document.hidden) return;
  stream = new EventSource(`/api/live?${logQuery()}`);
  const on = (name, act) => stream.addEventListener(name, ({ data }) => act(JSON.parse(data)));
  // Each connection begins with everything, also one that the browser has made again.
  on("hello", () => {
    clearLines();
    clearTraces();
  });
  on("house", (house) => {
    showHouse(house, facts.links);
    showServices(house.processes.map(({ name }) => name));
  });
  on("traces", (summaries) => addTraces(summaries) && refreshSoon());
  on("lines", ({ lines, cut }) => {
    addLines(lines, cut);
    if (lines.some(({ traceId }) => traceId === shownTrace())) refreshSoon();
  });
  stream.addEventListener("error", () => {
    element("state").className = "bad";
    element("state").textContent = "no connection to this page's process: does bun dev still run?";
  });
}

/** Spans and lines of one trace come from many processes within a second. */
function refreshSoon() {
  clearTimeout(refresh);
  refresh = setTimeout(() => shownTrace() && void showTrace(shownTrace()), 150);
}

function route() {
  const traceId = shownTrace();
  element("overview").hidden = traceId !== undefined;
  element("trace").hidden = traceId === undefined;
  void showTrace(traceId);
}

element("links").replaceChildren(
  ...Object.entries(facts.links).map(([text, href]) =>
    make("a", { href, text, target: "_blank", rel: "noreferrer" }),
  ),
);
startTraces(facts);
startLogs(open);
addEventListener("hashchange", route);
addEventListener("keydown", (event) => {
  const { key, target } = event;
  const typing = target instanceof HTMLInputElement || target instanceof HTMLSelectElement;
  if (key === "Escape" && shownTrace()) location.hash = "";
  if (key !== "/" || typing || shownTrace()) return;
  element("trace-text").focus();
  event.preventDefault();
});
// A browser opens six connections to one server: pages that nobody sees need none.
addEventListener("visibilitychange", open);
open();
route();
