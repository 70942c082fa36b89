/** Text as search compares it: lower case, without accents, apostrophes and dots, every word spelled out. */
import { EXPANSIONS, FOLDS } from './abbreviations.ts';

/** Within a word these mean nothing: `S'goon`, `St.`, and accents once they stand apart. */
const IGNORED = /['’‘ʼ′`´.]|\p{M}/gu;

/** The words as they stand: `S'goon Gdn Circus` is `sgoon`, `gdn`, `circus`. */
export function wordsOf(text: string): string[] {
  return (
    text
      .normalize('NFKD')
      .toLowerCase()
      .replace(IGNORED, '')
      .match(/[\p{L}\p{N}]+/gu) ?? []
  );
}

/** The words spelled out, phrases made one: the same for `S'goon Gdn` and `Serangoon Gardens`. Spelling out once more changes nothing. */
export function spelledOut(words: readonly string[]): string[] {
  const out: string[] = [];
  const push = (word: string) => {
    out.push(word);
    for (const { said, meant } of FOLDS) {
      if (!said.every((part, i) => out[out.length - said.length + i] === part)) continue;
      out.length -= said.length;
      for (const other of meant) push(other);
      return;
    }
  };
  for (const word of words) for (const part of EXPANSIONS.get(word) ?? [word]) push(part);
  return out;
}
