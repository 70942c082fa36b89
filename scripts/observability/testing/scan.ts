/** Which series and labels an expression of PromQL asks for. Whether it is PromQL at all is for promtool to say. */

export interface Matcher {
  label: string;
  operator: string;
  value: string;
}

export interface Scanned {
  selectors: { name: string; matchers: Matcher[] }[];
  /** Labels of `by`, `on` and the like. */
  grouped: string[];
}

const TOKEN = /"(?:[^"\\]|\\.)*"|\[[^\]]*\]|[A-Za-z_:][A-Za-z0-9_:]*|\d[\w.]*|=~|!~|!=|[-+*/%^<>=(){},]+?|\s+|./g;
const NAME = /^[A-Za-z_:][A-Za-z0-9_:]*$/;
const GROUPING = ['by', 'without', 'on', 'ignoring', 'group_left', 'group_right'];
const WORDS = [
  'and',
  'or',
  'unless',
  'offset',
  'bool',
  'sum',
  'min',
  'max',
  'avg',
  'count',
  'topk',
  'bottomk',
  'quantile',
  'stddev',
];

export function scan(expr: string): Scanned {
  const tokens = (expr.match(TOKEN) ?? []).filter((token) => token.trim() !== '');
  const found: Scanned = { selectors: [], grouped: [] };
  let at = 0;
  const until = (end: string) => {
    const from = at;
    while (at < tokens.length && tokens[at] !== end) at++;
    return tokens.slice(from, at++);
  };
  while (at < tokens.length) {
    const token = tokens[at++] ?? '';
    if (token === '{') throw new Error(`a selector without a name in ${expr}`);
    if (!NAME.test(token)) continue;
    const next = tokens[at];
    if (GROUPING.includes(token)) {
      at++;
      found.grouped.push(...until(')').filter((each) => each !== ','));
    } else if (!WORDS.includes(token) && next !== '(') {
      const has = next === '{';
      if (has) at++;
      found.selectors.push({ name: token, matchers: has ? matchersOf(expr, until('}')) : [] });
    }
  }
  return found;
}

function matchersOf(expr: string, tokens: readonly string[]): Matcher[] {
  const matchers: Matcher[] = [];
  for (let at = 0; at < tokens.length; at += 4) {
    const [label = '', operator = '', value = '', comma = ','] = tokens.slice(at, at + 4);
    if (!NAME.test(label) || !['=', '!=', '=~', '!~'].includes(operator) || !value.startsWith('"') || comma !== ',')
      throw new Error(`matchers that are not understood in ${expr}`);
    matchers.push({ label, operator, value: JSON.parse(value) as string });
  }
  return matchers;
}
