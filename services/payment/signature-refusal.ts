/** Why the signature of a webhook is not taken. */
export type SignatureRefusal = "missing" | "wrong" | "outside-tolerance" | "untrusted-certificate";
