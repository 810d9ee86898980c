// Processes, figures, bus, dead letters and mails.
import { ago, colour, count, element, make, millis, shortName, show, since } from "./elements.js";

const words = { ready: "ready", starting: "starting", "not-ready": "not ready", away: "away" };

export function showHouse(house, links) {
  showState(house.processes);
  show(element("processes"), house.processes.map(processCard));
  show(element("figures"), figureCards(house));
  show(element("bus"), house.bus.map(busRow));
  showDeadLetters(house);
  show(
    element("mails"),
    house.mails.map((mail) => mailRow(mail, links.Mailbox)),
  );
  element("no-mails").hidden = house.mails.length > 0;
}

function showState(processes) {
  const unwell = processes.filter(({ health }) => health !== "ready");
  const text =
    processes.length === 0
      ? "looking around …"
      : unwell.length === 0
        ? `all ${processes.length} processes are ready`
        : unwell.map(({ name, health }) => `${name} is ${words[health]}`).join(", ");
  const state = element("state");
  if (state.textContent !== text) state.textContent = text;
  state.className = unwell.length === 0 && processes.length > 0 ? "good" : "bad";
}

function processCard({ name, kind, health, reason, version, startedAt, memoryBytes, eventLoopMs, figures }) {
  const up = startedAt && health !== "away" ? `up ${since(Date.now() - startedAt)}` : undefined;
  const facts = [
    up,
    memoryBytes && `${Math.round(memoryBytes / 1024 / 1024)} MiB`,
    figures && `${count(figures.perSecond)}/s`,
    figures?.p95Ms !== undefined ? `p95 ${millis(figures.p95Ms)}` : undefined,
    eventLoopMs > 100 ? `event loop late by ${millis(eventLoopMs)}` : undefined,
  ].filter(Boolean);
  return make(
    "li",
    { className: `card ${health}` },
    make("strong", { className: `service ${kind === "helper" ? "colour-other" : colour(name)}`, text: name }),
    make("span", { className: "health", text: reason ? `${words[health]}: ${reason}` : words[health] }),
    make("span", { className: "quiet", text: facts.join(" · ") }),
    make("span", { className: "quiet version", text: version ? `version ${version}` : "" }),
  );
}

function figureCards({ traffic, figures, bus }) {
  const now = traffic.at(-1);
  const aside = bus.reduce((sum, each) => sum + each.deadLetters, 0);
  const rates = traffic.map(({ perSecond }) => perSecond);
  const { ordersConfirmed, ordersCancelled, sagasUnfinished, sagasStuck } = figures;
  return [
    card("Requests a second", count(now?.perSecond), { line: rates }),
    card("95 % are faster than", millis(now?.p95Ms), { line: traffic.map(({ p95Ms }) => p95Ms ?? 0) }),
    card("Answers 500 and above", count(now?.failures), { bad: now?.failures > 0 }),
    card("Orders confirmed", count(ordersConfirmed), {
      more: [
        ordersCancelled && `${count(ordersCancelled)} cancelled`,
        sagasUnfinished && `${count(sagasUnfinished)} under way`,
      ],
    }),
    card("Orders that are stuck", count(sagasStuck), { bad: sagasStuck > 0 }),
    card("Payments", count(figures.paymentsCaptured)),
    card("CO₂e sold", figures.carbonKg === undefined ? "–" : `${count(figures.carbonKg)} kg`),
    card("Mails sent", count(figures.mailsSent)),
    card("Dead letters", count(aside), { bad: aside > 0 }),
  ];
}

function card(name, value, { line, bad, more = [] } = {}) {
  const rest = more.filter(Boolean).join(", ");
  return make(
    "div",
    { className: bad ? "card bad" : "card" },
    make("dt", { text: name }),
    make("dd", { text: value }, rest ? make("small", { text: ` ${rest}` }) : undefined),
    line && line.length > 1 ? sparkline(line) : undefined,
  );
}

const svg = "http://www.w3.org/2000/svg";

function sparkline(values) {
  const most = Math.max(...values, 1e-9);
  const points = values.map((value, at) => `${(at / (values.length - 1)) * 100},${20 - (value / most) * 18}`);
  const picture = document.createElementNS(svg, "svg");
  picture.setAttribute("viewBox", "0 0 100 20");
  picture.setAttribute("preserveAspectRatio", "none");
  picture.setAttribute("aria-hidden", "true");
  const line = document.createElementNS(svg, "polyline");
  line.setAttribute("points", points.join(" "));
  picture.append(line);
  return picture;
}

function busRow({ service, published, waiting, lagSeconds, handled, deadLetters }) {
  const cell = (text, bad) => make("td", { text, className: bad ? "bad" : "" });
  return make(
    "tr",
    {},
    make(
      "th",
      { scope: "row" },
      make("span", { className: `service ${colour(service)}`, text: shortName(service) }),
    ),
    cell(count(published)),
    cell(count(waiting), lagSeconds > 5),
    cell(waiting > 0 ? millis(lagSeconds * 1000) : "–", lagSeconds > 5),
    cell(count(handled)),
    cell(count(deadLetters), deadLetters > 0),
  );
}

function showDeadLetters({ setAside, setAsideUnknown, bus }) {
  const known = bus.reduce((sum, each) => sum + each.deadLetters, 0);
  show(element("dead-letters"), setAside.map(deadLetter));
  element("no-dead-letters").hidden = setAside.length > 0;
  element("no-dead-letters").textContent =
    setAsideUnknown ??
    (known > 0 ? "looking …" : "None. What fails for good is kept here until somebody has it tried again.");
}

function deadLetter({ eventId, service, origin, type, reason, attempts, diedAt, traceId, replayRequested }) {
  return make(
    "li",
    {},
    make("strong", { text: type }),
    make("span", { text: ` ${origin} of ${service}, after ${attempts} attempts, ` }),
    ago(diedAt),
    traceId ? make("a", { href: `#trace/${traceId}`, text: " trace" }) : undefined,
    make("p", { text: reason }),
    make("code", { text: replayRequested ? "its replay is asked for" : `bun run dlq replay ${eventId}` }),
  );
}

function mailRow({ id, to, subject, receivedAt }, mailbox) {
  const link = make("a", {
    href: `${mailbox}/#${id}`,
    target: "_blank",
    rel: "noreferrer",
    text: subject || "(no subject)",
  });
  return make(
    "li",
    {},
    link,
    make("span", { className: "quiet", text: ` to ${to.join(", ")} ` }),
    ago(Date.parse(receivedAt)),
  );
}
