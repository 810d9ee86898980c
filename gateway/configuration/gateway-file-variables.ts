import type { Mistake } from "./gateway-file-mistakes.ts";
import type { At } from "./gateway-file-places.ts";
import type { WrittenFile } from "./gateway-file-schema.ts";

/** Puts the values of variables in the place of `${NAME}`: in addresses of upstreams, and in what issuers are. */
export function fillIn(
  file: WrittenFile,
  variables: Readonly<Record<string, string>>,
  mistakes: Mistake[],
): WrittenFile {
  const fill = (at: At, text: string): string => {
    const known = text.replaceAll(/\$\{(\w+)\}/g, (whole, name: string) => variables[name] ?? whole);
    const unknown = /\$\{\w*\}/.exec(known);
    if (unknown) mistakes.push({ at, message: `refers to ${unknown[0]}, which is not a known variable` });
    return known;
  };
  const fillUrl = (at: At, text: string, forPaths: boolean): string => {
    const known = fill(at, text);
    const message = /\$\{\w*\}/.test(known) ? undefined : problemOfUrl(known, forPaths);
    if (message !== undefined) mistakes.push({ at, message });
    return known;
  };
  const fillAudience = (at: At, audience: string | string[]) =>
    typeof audience === "string" ? fill(at, audience) : audience.map((each, nth) => fill([...at, nth], each));
  const upstreams = Object.entries(file.upstreams).map(([name, upstream]) => [
    name,
    { ...upstream, url: fillUrl(["upstreams", name, "url"], upstream.url, true).replace(/\/$/, "") },
  ]);
  const issuers = Object.entries(file.issuers ?? {}).map(([name, issuer]) => [
    name,
    {
      ...issuer,
      issuer: fill(["issuers", name, "issuer"], issuer.issuer),
      jwks: fillUrl(["issuers", name, "jwks"], issuer.jwks, false),
      audience: fillAudience(["issuers", name, "audience"], issuer.audience),
    },
  ]);
  return {
    ...file,
    upstreams: Object.fromEntries(upstreams) as WrittenFile["upstreams"],
    issuers: Object.fromEntries(issuers) as NonNullable<WrittenFile["issuers"]>,
  };
}

/** @param forPaths whether paths follow it, so that it cannot have a query */
function problemOfUrl(text: string, forPaths: boolean): string | undefined {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  // What it holds is not repeated: it would be in the log.
  if (url && (url.username || url.password)) return "holds credentials, which have no place in this file";
  if (!url || !/^https?:$/.test(url.protocol) || url.hash || (forPaths && url.search))
    return `is ${JSON.stringify(text)}, expected an http or https URL`;
  return undefined;
}
