/** JSON as the project's formatter leaves it: on one line what fits, one below the other what does not. */

const WIDTH = 120;

export function jsonText(value: unknown): string {
  return `${written(value, '', 0)}\n`;
}

/** `taken`: signs that stand on its line beside it, before and behind. */
function written(value: unknown, indent: string, taken: number): string {
  const line = inOneLine(value);
  if (typeof value !== 'object' || value === null || indent.length + taken + line.length <= WIDTH) return line;
  const deeper = `${indent}  `;
  const entries = Array.isArray(value)
    ? value.map((item) => ['', item] as const)
    : present(value).map(([name, field]) => [`${JSON.stringify(name)}: `, field] as const);
  const lines = entries.map(([key, item], index) => {
    const comma = index < entries.length - 1 ? ',' : '';
    return `${deeper}${key}${written(item, deeper, key.length + comma.length)}${comma}`;
  });
  const [open, close] = Array.isArray(value) ? '[]' : '{}';
  return `${open}\n${lines.join('\n')}\n${indent}${close}`;
}

function inOneLine(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(inOneLine).join(', ')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const fields = present(value).map(([name, field]) => `${JSON.stringify(name)}: ${inOneLine(field)}`);
  return fields.length > 0 ? `{ ${fields.join(', ')} }` : '{}';
}

function present(value: object): [string, unknown][] {
  return Object.entries(value).filter(([, field]) => field !== undefined);
}
