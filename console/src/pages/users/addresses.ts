// Addresses out of what people paste, and lists in pieces.

/** Every word with an @ in it, once, whatever is between them. */
export function addressesIn(text: string): string[] {
  const words = text.split(/[\s,;<>"']+/).filter((word) => /.@./.test(word));
  const seen = new Map(words.map((word) => [word.toLowerCase(), word]));
  return [...seen.values()];
}

/** A list in pieces of at most this size. */
export function portions<T>(items: T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, index) => items.slice(index * size, (index + 1) * size));
}
