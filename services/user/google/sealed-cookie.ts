import { hkdfSync } from "node:crypto";
import { EncryptJWT, jwtDecrypt } from "jose";

/** Time for somebody to find their password. */
const signInLastsSeconds = 600;

/** Keeps what a sign-in needs when the browser comes back in the browser itself, where nobody can read or change it. */
export interface SealedCookie<T> {
  /** The `Set-Cookie` header that puts it there. */
  set(value: T): Promise<string>;
  /** undefined when there is none, it is too old, or not ours. */
  read(request: Request): Promise<T | undefined>;
  /** The header that takes it away. */
  readonly clear: string;
}

/**
 * `SameSite=Lax`: the browser comes back from the provider by a link, with the cookie, and no other site can make it send
 * the cookie by a form.
 * @param keyText KEY_ENCRYPTION_KEY, from which the key is derived
 */
export function createSealedCookie<T extends object>({
  keyText,
  name,
  path,
  secure,
  now,
}: {
  keyText: string;
  name: string;
  path: string;
  secure: boolean;
  now: () => Date;
}): SealedCookie<T> {
  const key = new Uint8Array(hkdfSync("sha256", Buffer.from(keyText, "base64"), "", `cookie ${name}`, 32));
  const rules = `; Path=${path}; HttpOnly; SameSite=Lax${secure ? "; Secure" : ""}`;
  return {
    async set(value) {
      const expires = Math.floor(now().getTime() / 1000) + signInLastsSeconds;
      const sealed = await new EncryptJWT({ value })
        .setProtectedHeader({ alg: "dir", enc: "A256GCM" })
        .setExpirationTime(expires)
        .encrypt(key);
      return `${name}=${sealed}${rules}; Max-Age=${signInLastsSeconds}`;
    },
    async read(request) {
      const cookies = (request.headers.get("cookie") ?? "").split(/; */);
      const sealed = cookies.find((each) => each.startsWith(`${name}=`))?.slice(name.length + 1);
      if (!sealed) return undefined;
      const options = { currentDate: now(), keyManagementAlgorithms: ["dir"] };
      return jwtDecrypt<{ value: T }>(sealed, key, options).then(
        ({ payload }) => payload.value,
        () => undefined,
      );
    },
    clear: `${name}=${rules}; Max-Age=0`,
  };
}
