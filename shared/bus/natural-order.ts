/** The order in which people expect service numbers: 2, 10, 10e, 225G, then those that begin with letters: CT8, NR1. */

/** For `sort`; 0 only for equal texts. */
export function compareServices(a: string, b: string): number {
  const [left, right] = [keyOf(a), keyOf(b)];
  return (
    compareTexts(left.letters, right.letters) ||
    left.number - right.number ||
    compareTexts(left.rest, right.rest) ||
    // Only their case differs, or leading zeros.
    compareTexts(a, b)
  );
}

function keyOf(service: string) {
  const [, letters = '', digits = '', rest = ''] = /^(\D*)(\d*)(.*)$/s.exec(service.toUpperCase()) ?? [];
  return { letters, number: Number(digits), rest };
}

function compareTexts(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
