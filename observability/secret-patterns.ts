/**
 * What looks like a secret, wherever it stands. The collector's second net has the same patterns (collector/config.yaml; a
 * test compares them): they say the same in Go and here, but that all of these are taken without case.
 */
export const secretPatterns = [
  // Bearer tokens and JSON Web Tokens.
  String.raw`(?i)bearer\s+[a-z0-9._~+/=-]{8,}`,
  String.raw`eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*`,
  // Keys of payment providers, and ours.
  String.raw`\b(?:sk|rk|pk|whsec|ecs|ert|eco)_[A-Za-z0-9_-]{8,}`,
  // Card numbers: 13 to 19 digits that begin as cards do, with or without blanks and dashes.
  String.raw`\b[3-6]\d{3}[ -]?\d{4}[ -]?\d{4}[ -]?\d{1,7}\b`,
  String.raw`\b3[47]\d{2}[ -]?\d{6}[ -]?\d{5}\b`,
  // E-mail addresses.
  String.raw`[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*\.[A-Za-z]{2,}`,
  // Passwords in the address of a store.
  String.raw`://[^/\s:@]*:[^/\s@]+@`,
];

const secret = new RegExp(secretPatterns.join("|").replaceAll("(?i)", ""), "gi");

/** The same words with what looks like a secret masked. */
export const mask = (text: string): string => text.replace(secret, "[redacted]");
