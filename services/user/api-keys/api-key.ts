import { createHash } from "node:crypto";
import { isScope, type Scope, scopes } from "#mesh/identity/scopes";
import { scopeErrors } from "../oauth/oauth-client.ts";
import type { InputError, InvalidInput, Role } from "../user.ts";

/** A key by which its owner's programs call. The key itself is told once and not kept. */
export interface ApiKey {
  readonly id: string;
  readonly ownerId: string;
  readonly name: string;
  readonly lastFour: string;
  readonly scopes: readonly Scope[];
  readonly createdAt: Date;
  /** null: never. */
  readonly expiresAt: Date | null;
  readonly lastUsedAt: Date | null;
}

export interface ApiKeyInput {
  readonly name: string;
  readonly scopes: readonly string[];
  readonly expiresInDays?: number | undefined;
}

const dayMs = 86_400_000;

/** What a new key is to be, or everything that is wrong with it at once. */
export function checkApiKey(
  input: ApiKeyInput,
  { roles, at }: { roles: readonly string[]; at: Date },
): Pick<ApiKey, "name" | "scopes" | "expiresAt"> | InvalidInput {
  const name = input.name.trim();
  const wanted = [...new Set(input.scopes)];
  const errors: InputError[] = scopeErrors(
    wanted,
    (scope) => scopes[scope].grantedTo !== "admin-key" || roles.includes("admin"),
  );
  if (name.length < 1 || name.length > 100 || /\p{C}/u.test(name)) {
    errors.push({ pointer: "/name", detail: "must have 1 to 100 characters, all of which can be seen" });
  }
  if (errors.length > 0) return { refused: "invalid-input", errors };
  const { expiresInDays } = input;
  const expiresAt = expiresInDays === undefined ? null : new Date(at.getTime() + expiresInDays * dayMs);
  return { name, scopes: wanted.filter(isScope), expiresAt };
}

/** Of the owner's roles only what the scopes need: without a scope for admins, an admin's key is a customer's. */
export function rolesOfKey(roles: readonly Role[], granted: readonly Scope[]): Role[] {
  const forAdmins = granted.some((scope) => scopes[scope].grantedTo === "admin-key");
  return roles.filter((role) => role !== "admin" || forAdmins);
}

/** What is kept of a key: 190 random bits need no slow hash. */
export const hashApiKey = (key: string): Buffer => createHash("sha256").update(key).digest();
