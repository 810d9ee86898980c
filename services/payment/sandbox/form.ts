/** Decoded `application/x-www-form-urlencoded` body with Stripe's brackets: `metadata[orderId]=1` nests. */
export interface Form {
  [name: string]: string | Form | undefined;
}

/**
 * Decodes a body or query string the way Stripe's API reads it. Lists (`expand[0]`, `expand[]`) become
 * objects keyed by index. Objects have no prototype, so that a field named `__proto__` is only a field.
 */
export function decodeForm(text: string): Form {
  const form = emptyForm();
  if (text === "") return form;
  for (const [name, value] of new URLSearchParams(text)) {
    const bracket = name.indexOf("[");
    if (bracket === -1) {
      form[name] = value;
      continue;
    }
    let target = child(form, name.slice(0, bracket));
    const rest = name.slice(bracket + 1, name.endsWith("]") ? -1 : undefined).split("][");
    const last = rest.pop() ?? "";
    for (const part of rest) target = child(target, part);
    target[last === "" ? String(Object.keys(target).length) : last] = value;
  }
  return form;
}

/** The text of a field, or undefined when it is missing, empty or nested. */
export function textOf(form: Form, name: string): string | undefined {
  const value = form[name];
  return typeof value === "string" && value !== "" ? value : undefined;
}

/** The nested fields under a name as a flat record of texts; deeper nesting is dropped. */
export function recordOf(form: Form, name: string): Record<string, string> {
  const value = form[name];
  const record: Record<string, string> = {};
  if (typeof value !== "object") return record;
  for (const key of Object.keys(value)) {
    const text = value[key];
    if (typeof text === "string") record[key] = text;
  }
  return record;
}

function child(form: Form, name: string): Form {
  const found = form[name];
  if (typeof found === "object") return found;
  const made = emptyForm();
  form[name] = made;
  return made;
}

const emptyForm = (): Form => Object.create(null) as Form;
