/** What a person may do. Every account is a customer; admins also keep the catalogue and the books. */
export type Role = "customer" | "admin";

export interface Preferences {
  /** A BCP 47 language tag such as `de-AT`. */
  readonly locale?: string;
}

export interface User {
  readonly id: string;
  /** In its normal form, see {@link normaliseEmail}. */
  readonly email: string;
  readonly firstName: string;
  readonly lastName: string;
  readonly bio: string;
  readonly preferences: Preferences;
  readonly roles: readonly Role[];
  /** Chooses the limits at the gateway, such as `pro`; '' for the usual ones. */
  readonly tier: string;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

export interface Registration {
  readonly email: string;
  readonly password: string;
  readonly firstName: string;
  readonly lastName: string;
}

export interface ProfileChange {
  readonly firstName?: string | undefined;
  readonly lastName?: string | undefined;
  readonly bio?: string | undefined;
  readonly preferences?: Preferences | undefined;
}

export interface InputError {
  /** A JSON Pointer into what was sent. */
  readonly pointer: string;
  readonly detail: string;
}

/** Input that has the right types but breaks a rule; each error says which and where. */
export interface InvalidInput {
  readonly refused: "invalid-input";
  readonly errors: readonly InputError[];
}

// The HTML standard's rule for addresses, with at least one dot in the domain.
const label = "[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?";
const emailPattern = new RegExp(`^[a-z0-9.!#$%&'*+/=?^_\`{|}~-]{1,64}@${label}(?:\\.${label})+$`);
const localePattern = /^[a-zA-Z]{2,3}(-[a-zA-Z0-9]{2,8}){0,3}$/;

/**
 * The one form in which an address is stored and looked up: without blanks around it, in lower case.
 * @returns undefined when it is not an address (RFC 5321 §4.5.3.1 lengths; ASCII only)
 */
export function normaliseEmail(text: string): string | undefined {
  const email = text.trim().toLowerCase();
  return email.length <= 254 && emailPattern.test(email) ? email : undefined;
}

/** A registration in its normal form, or everything that is wrong with it at once. */
export function checkRegistration(input: Registration): Registration | InvalidInput {
  const email = normaliseEmail(input.email);
  const errors = [
    ...(email ? [] : [{ pointer: "/email", detail: "is not an email address" }]),
    ...passwordErrors(input.password, email ?? ""),
    ...textErrors("/firstName", input.firstName, { min: 1, max: 100 }),
    ...textErrors("/lastName", input.lastName, { min: 1, max: 100 }),
  ];
  if (!email || errors.length > 0) return { refused: "invalid-input", errors };
  return {
    email,
    password: input.password,
    firstName: input.firstName.trim(),
    lastName: input.lastName.trim(),
  };
}

/** A new account. Only the seed makes admins. */
export function newUser(
  { email, firstName, lastName }: Omit<Registration, "password">,
  { id, at, roles = ["customer"] }: { id: string; at: Date; roles?: readonly Role[] },
): User {
  return {
    id,
    email,
    firstName,
    lastName,
    bio: "",
    preferences: {},
    roles,
    tier: "",
    createdAt: at,
    updatedAt: at,
  };
}

/**
 * The account after a change of profile. The very same object comes back when nothing differs, so that
 * nothing is written and no event says otherwise.
 */
export function changeProfile(user: User, change: ProfileChange, at: Date): User | InvalidInput {
  const errors = profileErrors(change);
  if (errors.length > 0) return { refused: "invalid-input", errors };
  const changed = {
    ...user,
    firstName: change.firstName?.trim() ?? user.firstName,
    lastName: change.lastName?.trim() ?? user.lastName,
    bio: change.bio?.trim() ?? user.bio,
    preferences: { ...user.preferences, ...change.preferences },
  };
  const same =
    changed.firstName === user.firstName &&
    changed.lastName === user.lastName &&
    changed.bio === user.bio &&
    changed.preferences.locale === user.preferences.locale;
  return same ? user : { ...changed, updatedAt: at };
}

function profileErrors({ firstName, lastName, bio, preferences }: ProfileChange): InputError[] {
  const locale = preferences?.locale;
  return [
    ...(firstName === undefined ? [] : textErrors("/firstName", firstName, { min: 1, max: 100 })),
    ...(lastName === undefined ? [] : textErrors("/lastName", lastName, { min: 1, max: 100 })),
    ...(bio === undefined ? [] : textErrors("/bio", bio, { min: 0, max: 1000, lines: true })),
    ...(locale === undefined || localePattern.test(locale)
      ? []
      : [{ pointer: "/preferences/locale", detail: "is not a language tag such as de-AT" }]),
  ];
}

interface TextRule {
  readonly min: number;
  readonly max: number;
  /** Whether it may have line ends: a name with one could add a header to a mail. */
  readonly lines?: boolean;
}

function textErrors(pointer: string, text: string, { min, max, lines = false }: TextRule): InputError[] {
  const trimmed = text.trim();
  if (trimmed.length < min || trimmed.length > max) {
    return [{ pointer, detail: `must have ${min} to ${max} characters` }];
  }
  // PostgreSQL cannot keep NUL, and half a surrogate pair is no character.
  const invisible = lines ? /[^\P{Cc}\r\n\t]/u : /\p{Cc}/u;
  if (invisible.test(trimmed) || !trimmed.isWellFormed()) {
    return [{ pointer, detail: "has characters that cannot be shown" }];
  }
  return [];
}

/** Long enough to be tried often and seen most in leaks (SecLists, the ten-million list). In lower case. */
const commonPasswords = new Set([
  "1234567890",
  "12345678910",
  "0123456789",
  "0987654321",
  "1q2w3e4r5t",
  "1q2w3e4r5t6y",
  "1qaz2wsx3edc",
  "qwertyuiop",
  "qwerty12345",
  "qwerty123456",
  "qwertyuiop123",
  "asdfghjkl123",
  "zaq12wsxcde3",
  "password12",
  "password123",
  "password1234",
  "password12345",
  "passw0rd123",
  "p@ssw0rd123",
  "p@ssword123",
  "mypassword",
  "mypassword1",
  "iloveyou12",
  "iloveyou123",
  "welcome123",
  "welcome1234",
  "letmein1234",
  "administrator",
  "admin12345",
  "admin123456",
  "changeme123",
  "football123",
  "baseball123",
  "sunshine123",
  "princess123",
  "superman123",
  "basketball",
  "trustno1trustno1",
  "abcdefghij",
  "abcd123456",
  "abc1234567",
  "a123456789",
  "unbelievable",
  "correcthorsebatterystaple",
]);

/** What is wrong with a new password for an account, if anything is. */
export function checkPasswordChoice(
  password: string,
  email: string,
  pointer: string,
): InvalidInput | undefined {
  const errors = passwordErrors(password, email).map(({ detail }) => ({ pointer, detail }));
  return errors.length > 0 ? { refused: "invalid-input", errors } : undefined;
}

/** Length over composition rules (NIST SP 800-63B §3.1.1.2); what is easily guessed is refused. */
function passwordErrors(password: string, email: string): InputError[] {
  const refuse = (detail: string) => [{ pointer: "/password", detail }];
  if (password.length < 10 || password.length > 128) return refuse("must have 10 to 128 characters");
  const lower = password.toLowerCase();
  if (commonPasswords.has(lower)) return refuse("is one of the passwords that are tried first");
  if (new Set(lower).size < 5) return refuse("must have at least 5 different characters");
  const localPart = email.slice(0, email.indexOf("@"));
  if (localPart.length >= 4 && lower.includes(localPart)) {
    return refuse("must not contain the name in the email address");
  }
  return [];
}
