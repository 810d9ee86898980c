/**
 * What a client or an API key may be allowed to do in somebody's name; `title` is what the person reads who is asked.
 * A token without any scope comes from ordinary sign-in and may do all that its owner may.
 */
export const scopes = {
  "products:read": { title: "See products and categories", grantedTo: "anyone" },
  "orders:read": { title: "See your orders and their history", grantedTo: "person" },
  "orders:write": { title: "Place and cancel orders in your name", grantedTo: "person" },
  "payments:read": { title: "See what you paid", grantedTo: "person" },
  "notifications:read": { title: "See your notifications and what you want to get", grantedTo: "person" },
  "notifications:write": { title: "Change which notifications you get", grantedTo: "person" },
  profile: { title: "See your name and email address", grantedTo: "person" },
  "profile:write": { title: "Change your profile", grantedTo: "person" },
  "products:write": { title: "Change the catalogue", grantedTo: "admin-key" },
  "payments:write": { title: "Refund payments", grantedTo: "admin-key" },
  "orders:operate": { title: "Ship orders and mend stuck ones", grantedTo: "admin-key" },
} as const satisfies Record<string, ScopeRule>;

interface ScopeRule {
  readonly title: string;
  /**
   * `anyone`: also a client that acts for itself. `person`: whoever acts for a person, with consent or by a key.
   * `admin-key`: only an admin's own API key, never an application of somebody else.
   */
  readonly grantedTo: "anyone" | "person" | "admin-key";
}

export type Scope = keyof typeof scopes;

export const scopeNames = Object.keys(scopes) as Scope[];

export const isScope = (text: string): text is Scope => Object.hasOwn(scopes, text);

/** Whether a token with this `scope` claim (RFC 6749 §3.3: names parted by blanks) may do what takes `wanted`. */
export function permits(scope: string, wanted: Scope): boolean {
  return scope === "" || scope.split(" ").includes(wanted);
}
