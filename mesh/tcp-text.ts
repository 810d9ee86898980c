/** Latin-1 text and what follows it, as bytes of their own. */
export function encoded(text: string, content?: Uint8Array): Uint8Array {
  const bytes = Buffer.allocUnsafe(text.length + (content?.byteLength ?? 0));
  encodeInto(bytes, text, content);
  return bytes;
}

/** @returns how many bytes it takes. There has to be room for them */
export function encodeInto(bytes: Buffer, text: string, content?: Uint8Array): number {
  bytes.write(text, 0, "latin1");
  if (content === undefined) return text.length;
  bytes.set(content, text.length);
  return text.length + content.byteLength;
}
