// Runs in the reader's browser, put in front of docs-page.js: what a call is opened by.

/** The header for what the reader pasted: API keys begin with `eco_`, tokens do not. */
export const credentialHeader = (pasted) =>
  pasted.startsWith("eco_") ? { "x-api-key": pasted } : { authorization: `Bearer ${pasted}` };

const names = { bearer: "a bearer token", apiKey: "an API key", oauth: "an application's token" };

/** Who may call, in a line; undefined where nothing is said. */
export function credentialNote({ security, "x-scopes": scopes = [] }) {
  if (!security) return undefined;
  const ways = security.map((way) => names[Object.keys(way)[0]] ?? "nothing");
  const scope =
    scopes.length > 0 ? `; keys and applications need ${scopes.map((each) => `\`${each}\``).join(", ")}` : "";
  return `Opened by ${ways.join(" or ")}${scope}.`;
}

/** Whether nobody gets in without a credential. */
export const isClosed = ({ security }) => security?.every((way) => Object.keys(way).length > 0) ?? false;
