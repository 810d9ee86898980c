/** Words as paths have them: `wp-login.php`, `.env`, `v1`. Ids, tokens and names of people mostly look otherwise. */
const plainSegment = /^\.?[a-z]{1,16}(?:[.-][a-z]{1,16}){0,2}\d?$/;
const mostSegments = 6;

/**
 * Of a target that matches no route what may stand in a log: plain words, and `*` for every other segment, of the first
 * six. Never its query. Of characters that need no escape.
 */
export function maskedPath(target: string): string {
  const path = target.slice(0, 512).split(/[?#]/, 1)[0] ?? "";
  const [, ...segments] = path.split("/", mostSegments + 2);
  const shown = segments
    .slice(0, mostSegments)
    .map((each) => (each === "" || plainSegment.test(each) ? each : "*"));
  if (segments.length > mostSegments) shown.push("*");
  return `/${shown.join("/")}`;
}
