// Addresses out of what people paste, and what cannot be read as one.

export interface Found {
  addresses: string[];
  /** Lines without an address: the number of each, and what stands there. */
  others: { line: number; text: string }[];
}

/** Every word with an @ in it, once, whatever is between them. A first line without one is a header. */
export function addressesIn(text: string): Found {
  const seen = new Map<string, string>();
  const others: Found["others"] = [];
  text.split(/\r\n|\r|\n/).forEach((line, index) => {
    const words = line.split(/[\s,;<>"']+/).filter((word) => /.@./.test(word));
    for (const word of words) {
      const key = word.toLowerCase();
      if (!seen.has(key)) seen.set(key, word);
    }
    if (words.length === 0 && line.trim() !== "" && index > 0) others.push({ line: index + 1, text: line.trim() });
  });
  return { addresses: [...seen.values()], others };
}
