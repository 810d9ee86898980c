// The page of the development mailbox: plain DOM, no build, nothing from another host.
const element = (id) => document.getElementById(id);
const parts = ["html", "text", "headers"];
let shownId;

const chosenId = () => /^#(\d+)$/.exec(location.hash)?.[1];

async function get(path) {
  const response = await fetch(path);
  return response.ok ? response.json() : undefined;
}

function make(tag, text, attributes = {}) {
  const made = Object.assign(document.createElement(tag), attributes);
  made.textContent = text;
  return made;
}

async function search() {
  const typed = element("search").value.trim();
  const ask = (field) => get(`/api/messages?${new URLSearchParams({ brief: "", ...field })}`);
  if (!typed) return ask({});
  const [to, subject] = await Promise.all([ask({ to: typed }), ask({ subject: typed })]);
  const all = new Map([...(to ?? []), ...(subject ?? [])].map((each) => [each.id, each]));
  return [...all.values()].sort((a, b) => b.id - a.id);
}

function listItem({ id, to, subject, receivedAt }) {
  const link = make("a", "", { href: `#${id}` });
  const at = new Date(receivedAt);
  const time = make("time", at.toLocaleTimeString(), { dateTime: receivedAt, title: at.toLocaleString() });
  link.append(make("strong", subject || "(no subject)"), time, make("span", `to ${to.join(", ")}`));
  const item = document.createElement("li");
  item.append(link);
  return item;
}

async function showList() {
  const found = (await search()) ?? [];
  element("list").replaceChildren(...found.map(listItem));
  element("none").hidden = found.length > 0;
  element("none").textContent = element("search").value
    ? "No message matches."
    : "Nothing has been sent yet.";
  markChosen();
}

function markChosen() {
  for (const link of element("list").querySelectorAll("a")) {
    link.setAttribute("aria-current", String(link.hash === location.hash));
  }
}

async function showMessage() {
  markChosen();
  const id = chosenId();
  const message = id && (await get(`/api/messages/${id}`));
  element("message").hidden = !message;
  element("choose").hidden = Boolean(message);
  document.body.classList.toggle("reading", Boolean(message));
  if (!message) shownId = undefined;
  if (!message || shownId === id) return;
  shownId = id;
  element("subject").textContent = message.subject || "(no subject)";
  const envelope = {
    From: message.from,
    To: message.to.join(", "),
    Received: new Date(message.receivedAt).toLocaleString(),
  };
  element("envelope").replaceChildren(
    ...Object.entries(envelope).flatMap(([name, value]) => [make("dt", name), make("dd", value)]),
  );
  element("raw").href = `/api/messages/${id}/raw`;
  // Not by `src`: each message would be a step in the history that "back" has to take.
  element("html").contentWindow.location.replace(`/api/messages/${id}/html`);
  element("text").textContent = message.text || "This message has no text part.";
  const rows = message.headers.map(({ name, value }) => {
    const row = document.createElement("tr");
    row.append(make("th", name, { scope: "row" }), make("td", value));
    return row;
  });
  element("headers")
    .querySelector("tbody")
    .replaceChildren(...rows);
  showPart(message.html ? "html" : "text");
}

function showPart(part) {
  for (const each of parts) element(each).hidden = each !== part;
  for (const tab of element("tabs").querySelectorAll("[role=tab]")) {
    tab.setAttribute("aria-selected", String(tab.dataset.part === part));
  }
}

element("tabs").addEventListener(
  "click",
  ({ target }) => target.dataset.part && showPart(target.dataset.part),
);
element("search").addEventListener("input", () => void showList());
element("back").addEventListener("click", () => {
  location.hash = "";
});
element("clear").addEventListener("click", () => {
  void fetch("/api/messages", { method: "DELETE" });
  location.hash = "";
});
addEventListener("hashchange", () => void showMessage());

const changes = new EventSource("/api/changes");
changes.addEventListener("message", ({ data }) => {
  const { kept } = JSON.parse(data);
  element("state").className = "live";
  element("state").textContent = kept === 1 ? "1 message" : `${kept} messages`;
  void showList();
});
changes.addEventListener("error", () => {
  element("state").className = "";
  element("state").textContent = "connection lost, trying again";
});
await showMessage();
