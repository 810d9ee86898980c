// Making and finding elements, and saying times and sizes.
export const element = (id) => document.getElementById(id);

/** Text always as text: nothing that came over the wire is ever read as HTML. */
export function make(tag, { text, ...properties } = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === undefined) continue;
    if (name in made) made[name] = value;
    else made.setAttribute(name, value);
  }
  if (text !== undefined) made.textContent = text;
  made.append(...children.filter((child) => child !== undefined));
  return made;
}

const known = [
  "gateway",
  "order-service",
  "product-service",
  "payment-service",
  "notification-service",
  "user-service",
];

/** The class of a service's colour, the same everywhere. */
export function colour(service) {
  const at = known.indexOf(service);
  return at === -1 ? "colour-other" : `colour-${at}`;
}

export const shortName = (service) => service.replace(/-service$/, "");

/** Milliseconds, with as many figures as tell something. */
export function millis(ms) {
  if (ms === undefined || ms === null) return "–";
  const digits = ms === 0 ? 0 : ms < 1 ? 2 : ms < 10 ? 1 : 0;
  return `${ms.toLocaleString("en", { minimumFractionDigits: digits, maximumFractionDigits: digits })} ms`;
}

export const count = (value) =>
  value === undefined || value === null
    ? "–"
    : value.toLocaleString("en", { maximumFractionDigits: value < 10 ? 2 : 0 });

export function since(ms) {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
  return seconds < 86_400 ? `${Math.floor(seconds / 3600)} h` : `${Math.floor(seconds / 86_400)} d`;
}

export function clock(time) {
  const at = new Date(time);
  const two = (value, length = 2) => String(value).padStart(length, "0");
  return `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}.${two(at.getMilliseconds(), 3)}`;
}

/** A time that says how long it is ago, and goes on to say it. */
export function ago(time) {
  return make("time", {
    text: `${since(Date.now() - time)} ago`,
    dateTime: new Date(time).toISOString(),
    title: new Date(time).toLocaleString(),
    "data-at": String(time),
  });
}

setInterval(() => {
  for (const each of document.querySelectorAll("time[data-at]")) {
    each.textContent = `${since(Date.now() - Number(each.getAttribute("data-at")))} ago`;
  }
}, 1000);

/** A list of names and values. */
export function fieldList(fields) {
  const rows = Object.entries(fields).flatMap(([name, value]) => [
    make("dt", { text: name }),
    make("dd", { text: typeof value === "string" ? value : JSON.stringify(value, null, 1) }),
  ]);
  return make("dl", { className: "fields" }, ...rows);
}

/** Puts `children` in place of what is there; leaves it where nothing has changed, and the focus on the same link. */
export function show(parent, children) {
  const next = make("div", {}, ...children);
  if (next.innerHTML === parent.innerHTML) return;
  const focused = parent.contains(document.activeElement) && document.activeElement.getAttribute("href");
  parent.replaceChildren(...next.childNodes);
  if (focused) parent.querySelector(`[href="${CSS.escape(focused)}"]`)?.focus();
}

const drawn = new WeakMap();

/**
 * Shows one child for each item. The child of an item that says what it said before is not touched, so that it stays open,
 * keeps the focus, and a press on it is not lost; `draw(item, child)` makes it anew where there is none or it says more.
 */
export function showItems(parent, items, key, draw) {
  const before = drawn.get(parent) ?? new Map();
  const now = new Map();
  for (const item of items) {
    let name = key(item);
    while (now.has(name)) name += " again";
    const says = JSON.stringify(item);
    const known = before.get(name);
    now.set(name, known?.says === says ? known : { says, child: draw(item, known?.child) });
  }
  drawn.set(parent, now);
  const children = [...now.values()].map(({ child }) => child);
  const wanted = new Set(children);
  for (const child of Array.from(parent.children)) if (!wanted.has(child)) child.remove();
  for (const [at, child] of children.entries())
    if (parent.children[at] !== child) parent.insertBefore(child, parent.children[at] ?? null);
}
