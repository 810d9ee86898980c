// Runs in the reader's browser, on /docs. Everything shown is set as text, never as markup.
import { credentialHeader, credentialNote, isClosed } from "./docs-credentials.js";
import { exampleOf, resolvedSchema, withProduct } from "./docs-example.js";

const byId = (id) => document.getElementById(id);
const tokenField = byId("token");
tokenField.value = sessionStorage.getItem("token") ?? "";
tokenField.addEventListener("input", () => sessionStorage.setItem("token", tokenField.value.trim()));

/** @returns an element with properties set and children (elements or text) in it */
function element(name, properties = {}, ...children) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children.filter((child) => child !== undefined && child !== ""));
  return made;
}

async function signIn(email, password) {
  const answer = await fetch("/api/auth/login", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ email, password }),
  });
  const body = await answer.json().catch(() => ({}));
  byId("who").textContent = answer.ok ? `Signed in as ${email}` : (body.title ?? "Not signed in");
  if (!answer.ok) return;
  tokenField.value = body.accessToken;
  sessionStorage.setItem("token", body.accessToken);
}

byId("sign-in").addEventListener("submit", (event) => {
  event.preventDefault();
  const { email, password } = event.target.elements;
  void signIn(email.value, password.value);
});

/** A paragraph's text, with what stands between backticks as code. */
const prose = (text) =>
  text.split(/`([^`]+)`/).map((part, at) => (at % 2 ? element("code", { textContent: part }) : part));

function typeOf(schema, root) {
  const found = resolvedSchema(schema, root) ?? {};
  const either = found.anyOf ?? found.oneOf;
  if (either) return [...new Set(either.map((part) => typeOf(part, root)))].join(" or ");
  if (found.const !== undefined) return JSON.stringify(found.const);
  if (found.enum) return found.enum.map((value) => JSON.stringify(value)).join(" | ");
  const limits = [
    found.format,
    found.minimum !== undefined && `≥ ${found.minimum}`,
    found.maximum !== undefined && `≤ ${found.maximum}`,
    found.minLength !== undefined && `at least ${found.minLength} characters`,
    found.maxLength !== undefined && `at most ${found.maxLength} characters`,
  ].filter(Boolean);
  const base = found.type === "array" ? `array of ${typeOf(found.items, root)}` : (found.type ?? "any");
  return limits.length > 0 ? `${base} (${limits.join(", ")})` : base;
}

function schemaTree(given, root, depth = 0) {
  const schema = resolvedSchema(given, root) ?? {};
  const inner = schema.type === "array" ? (resolvedSchema(schema.items, root) ?? {}) : schema;
  const required = new Set(inner.required ?? []);
  const list = element("ul", { className: "schema" });
  for (const [name, part] of Object.entries(inner.properties ?? {})) {
    const note = `${typeOf(part, root)}${required.has(name) ? "" : ", optional"}`;
    const line = element(
      "li",
      {},
      element("code", { textContent: name }),
      " ",
      element("span", { className: "quiet", textContent: note }),
    );
    const description = resolvedSchema(part, root)?.description;
    if (description) line.append(element("div", { className: "quiet" }, ...prose(description)));
    if (depth < 5) line.append(schemaTree(part, root, depth + 1));
    list.append(line);
  }
  return list.childElementCount > 0 ? list : "";
}

const jsonOf = (described) =>
  described?.content?.["application/json"] ?? described?.content?.["application/problem+json"];

function field(parameter, root) {
  const schema = resolvedSchema(parameter.schema, root) ?? {};
  const input = element("input", {
    name: `${parameter.in}:${parameter.name}`,
    required: parameter.required === true,
    placeholder: typeOf(schema, root),
    title: parameter.description ?? "",
  });
  if (/^idempotency-key$/i.test(parameter.name)) input.value = crypto.randomUUID();
  const className = parameter.in === "header" ? "whole" : "";
  return element(
    "label",
    { className },
    `${parameter.name}${parameter.required ? "" : " (optional)"}`,
    input,
  );
}

/** What the form asks for: a URL and what `fetch` takes. */
function requestOf(form, method, path, secured) {
  const headers = {};
  let url = path;
  const query = new URLSearchParams();
  let body;
  for (const [name, value] of new FormData(form)) {
    const [where, parameter] = [name.slice(0, name.indexOf(":")), name.slice(name.indexOf(":") + 1)];
    if (name === "body") body = value;
    else if (value === "") continue;
    else if (where === "path") url = url.replace(`{${parameter}}`, encodeURIComponent(value));
    else if (where === "query") query.append(parameter, value);
    else if (where === "header") headers[parameter] = value;
  }
  if (query.size > 0) url += `?${query}`;
  if (body) headers["content-type"] = "application/json";
  if (secured && tokenField.value) Object.assign(headers, credentialHeader(tokenField.value.trim()));
  return { url, init: { method: method.toUpperCase(), headers, ...(body && { body }) } };
}

const quoted = (text) => `'${text.replaceAll("'", "'\\''")}'`;

function curlOf({ url, init }) {
  const parts = [`curl -X ${init.method} ${quoted(location.origin + url)}`];
  // What opens doors is not shown: the shell puts it in.
  const hidden = { authorization: '"authorization: Bearer $TOKEN"', "x-api-key": '"x-api-key: $API_KEY"' };
  for (const [name, value] of Object.entries(init.headers)) {
    parts.push(`-H ${hidden[name] ?? quoted(`${name}: ${value}`)}`);
  }
  if (init.body) parts.push(`-d ${quoted(init.body)}`);
  return parts.join(" \\\n  ");
}

async function send(form, out, request) {
  const began = performance.now();
  out.replaceChildren(element("p", { className: "quiet", textContent: "Waiting…" }));
  try {
    const answer = await fetch(request.url, request.init);
    const text = await answer.text();
    const ms = Math.round(performance.now() - began);
    const shown = ["content-type", "location", "ratelimit", "retry-after", "x-correlation-id"]
      .filter((name) => answer.headers.has(name))
      .map((name) => `${name}: ${answer.headers.get(name)}`);
    out.replaceChildren(
      element(
        "p",
        {},
        element("strong", {
          className: answer.ok ? "ok" : "refused",
          textContent: `${answer.status} ${answer.statusText}`,
        }),
        ` in ${ms} ms`,
      ),
      element("pre", { textContent: shown.join("\n") }),
      element("pre", { textContent: pretty(text) }),
    );
  } catch (error) {
    out.replaceChildren(element("p", { className: "refused", textContent: String(error) }));
  }
  out.append(
    element("h3", { textContent: "The same with curl" }),
    element("pre", { textContent: curlOf(request) }),
  );
  form.querySelectorAll("input").forEach((input) => {
    if (/idempotency-key/i.test(input.name)) input.value = crypto.randomUUID();
  });
}

function pretty(text) {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

function fillCall(body, method, path, operation, root) {
  if (operation.description)
    body.append(element("p", { className: "quiet" }, ...prose(operation.description)));
  const note = credentialNote(operation);
  if (note) body.append(element("p", { className: "quiet" }, ...prose(note)));
  const sent = jsonOf(operation.requestBody);
  if (sent) body.append(element("h3", { textContent: "Body" }), schemaTree(sent.schema, root));
  for (const [status, described] of Object.entries(operation.responses ?? {})) {
    const schema = jsonOf(described)?.schema;
    body.append(
      element(
        "h3",
        {},
        `${status === "default" ? "Otherwise" : status} · `,
        ...prose(described.description ?? ""),
      ),
    );
    const tree = schema ? schemaTree(schema, root) : "";
    if (tree)
      body.append(
        element("details", {}, element("summary", { className: "quiet", textContent: "Fields" }), tree),
      );
  }
  const out = element("div", { ariaLive: "polite" });
  const parameters = operation.parameters ?? [];
  const fields = element("div", { className: "fields" }, ...parameters.map((each) => field(each, root)));
  const form = element(
    "form",
    { className: "try" },
    element("strong", { textContent: "Try it" }),
    parameters.length > 0 ? fields : "",
  );
  if (sent) {
    const value = JSON.stringify(sent.example ?? exampleOf(sent.schema, root), null, 2);
    const area = element("textarea", { name: "body", value, spellcheck: false });
    form.append(element("label", {}, "Body", area));
    void withProduct(value).then((filled) => {
      if (area.value === value) area.value = filled;
    });
  }
  form.append(element("div", {}, element("button", { type: "submit", textContent: "Send" })), out);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    void send(form, out, requestOf(form, method, path, isClosed(operation)));
  });
  body.append(form);
}

function callOf(method, path, operation, root) {
  const body = element("div", { className: "body" });
  const badge = element("span", { className: `method ${method}`, textContent: method.toUpperCase() });
  const role = operation["x-role"];
  const summary = element(
    "summary",
    {},
    badge,
    element("span", { className: "path", textContent: path }),
    role ? element("span", { className: "role", textContent: role }) : "",
    element("span", { className: "summary", textContent: operation.summary ?? "" }),
  );
  const call = element("details", { className: "call", id: `${method}${path}` }, summary, body);
  call.addEventListener("toggle", () => {
    if (call.open && body.childElementCount === 0) fillCall(body, method, path, operation, root);
  });
  return call;
}

function show(root) {
  byId("about").replaceChildren(...prose(root.info.description));
  const groups = new Map();
  for (const [path, item] of Object.entries(root.paths)) {
    for (const [method, operation] of Object.entries(item)) {
      const group = operation.tags?.[0] ?? "other";
      groups.set(group, [...(groups.get(group) ?? []), { method, path, operation }]);
    }
  }
  for (const [group, calls] of groups) {
    byId("calls").append(element("h2", { textContent: group }));
    byId("index").append(element("h2", { textContent: group }));
    for (const { method, path, operation } of calls) {
      const call = callOf(method, path, operation, root);
      byId("calls").append(call);
      const badge = element("span", { className: `method ${method}`, textContent: method.toUpperCase() });
      const link = element("a", { href: `#${method}${path}` }, badge, path);
      link.addEventListener("click", () => {
        call.open = true;
      });
      byId("index").append(link);
    }
  }
  const linked = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (linked) {
    linked.open = true;
    linked.scrollIntoView();
  }
}

byId("filter").addEventListener("input", (event) => {
  const wanted = event.target.value.toLowerCase();
  for (const link of document.querySelectorAll("#index a")) {
    link.hidden = !link.textContent.toLowerCase().includes(wanted);
    const call = document.getElementById(decodeURIComponent(link.hash.slice(1)));
    if (call) call.hidden = link.hidden;
  }
});

fetch("/openapi.json")
  .then((answer) => answer.json())
  .then(show)
  .catch((error) => {
    byId("about").textContent = `The document cannot be read: ${error}`;
  });
