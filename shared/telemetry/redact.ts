/**
 * What keeps secrets out of the log: every text that goes into a line passes `redact`, so nobody who writes a line has to think of it.
 *
 * Taken out are the values of settings that are secrets, what looks like a credential, and what addresses may carry beside their path: user, password, query and
 * fragment, and the last part of a signed address. Rather too much than too little: a line is for finding out what happened, and the rest is in the request.
 */

export const REDACTED = '[redacted]';
/** Shorter values would be found in innocent words everywhere. */
const SHORTEST_SECRET = 4;
const SHORTEST_PASSWORD = 8;
/** Of an address of a database, with or without its scheme. */
const LOGIN = /(?:^(?![a-z][\w+.-]*:\/\/)|:\/\/)(?<user>[^\s/:]*):(?<password>.*)@/;
const LONGEST_WORD = 4_096;
/** What neither a credential nor an address holds. */
const BETWEEN_WORDS = /[\s"<>]/;

// Texts may come from anybody: each pattern begins at something that is seldom repeated, or has an end, so that none takes the square of a text's length.

/** Whether any of RULES may have something to do; most texts need no more than this one look. */
const HINT =
  /:\/\/|\?|bearer|basic|authorization|cookie|debug|passw|pwd|passphrase|secret|key|token|credential|signature|eyJ|hwk_|ya29\.|GOCSPX-|AIza|slides-images|\d{10}\./i;
/** A part of HINT that takes longer than all others, and is of no use in shorter texts. */
const LONG_WORD = /[\w-]{80}/;

const RULES: readonly (readonly [RegExp, string])[] = [
  // Also where the end is missing, or its line breaks are escaped.
  [/-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z0-9 ]*PRIVATE KEY-----|$)/g, REDACTED],
  // A header in somebody's dump: the rest of the line.
  [
    /\b((?:proxy-)?authorization|(?:set-)?cookie|x-hawker-debug|x-goog-iam-authorization-token|x-serverless-authorization|accountkey)(["']?\s*[:=]\s*)[^\r\n]+/gi,
    `$1$2${REDACTED}`,
  ],
  [
    /\b(passw(?:or)?d|pwd|passphrase|(?:client[-_]?)?secret|x?[-_]?api[-_]?key|private[-_]?key(?:[-_]?id)?|(?:access|refresh|id|auth)[-_]?token|x-(?:goog|amz)-(?:signature|credential|security-token))(\\?["']?\s*[:=]\s*)(?:\\?"[^"]*"?|'[^']*'?|[^\s,;&"']+)/gi,
    `$1$2${REDACTED}`,
  ],
  [/\b(bearer|basic)\s+(?!realm=)[\w.~+/=-]{4,}/gi, `$1 ${REDACTED}`],
  [/\beyJ[\w-]{5,}(?:\.[\w-]*){0,4}/g, REDACTED],
  [/\b(hwk_[0-9a-z]{1,12}_)[\w-]+/g, `$1${REDACTED}`],
  [/\b(?:AIza[\w-]{20,}|ya29\.[\w.-]+|GOCSPX-[\w-]+)/g, REDACTED],
  [/\b\d{10}\.[\w-]{43}(?![\w-])/g, REDACTED],
  // A password may hold an @ itself, and a / where somebody forgot to encode it; a port, digits before a /, is none.
  [/(:\/\/)(?:[^\s/:@"<>]{0,200}:(?!\d+\/)[^\s"<>]{0,400}|[^\s/?#"<>]{0,600})@/g, `$1${REDACTED}@`],
  [/(?<=:\/\/[^\s"<>?#]*)([?#])[^\s"<>]+/g, `$1${REDACTED}`],
  // A query without its address, or of an address without its origin.
  [/\?[^\s"<>?=]+=[^\s"<>]*/g, `?${REDACTED}`],
  [/(?<=\/[^\s"<>?#]*)\?(?!\[redacted\])[^\s"<>]+/g, `?${REDACTED}`],
  [/(slides-images(?:\/|%2F))(?!:)[^\s/?#"'<>,;)]+/gi, `$1${REDACTED}`],
  // Longer than any id: a token, or a part of one.
  [/(?<![\w-])[\w-]{80,}/g, REDACTED],
];

/** Longest first, since one may be a part of another. */
let secrets: string[] = [];

/**
 * Remembers a value that must never be told, as it is and as addresses, headers and JSON may spell it. Of an address that holds a password, that is kept too, unless it is as
 * short as a word or the user's name again, as in `postgres:postgres@`: no secret, and logs are full of it.
 */
export function keepSecret(value: string): void {
  if (secrets.includes(value)) return;
  const { user, password = '' } = LOGIN.exec(value)?.groups ?? {};
  const plain = [
    value,
    ...(password.length < SHORTEST_PASSWORD || password === user ? [] : [password, decoded(password)]),
  ];
  const spelt = plain.flatMap((each) => [
    each,
    encodeURIComponent(each.toWellFormed()),
    JSON.stringify(each).slice(1, -1),
    Buffer.from(each).toString('base64'),
    Buffer.from(each).toString('base64url'),
  ]);
  const all = new Set([...secrets, ...spelt.filter(({ length }) => length >= SHORTEST_SECRET)]);
  secrets = [...all].sort((a, b) => b.length - a.length);
}

/** For tests. */
export function forgetSecrets(): void {
  secrets = [];
}

export function redact(text: string): string {
  let told = text;
  for (const secret of secrets) if (told.includes(secret)) told = told.replaceAll(secret, REDACTED);
  if (!HINT.test(told) && (told.length < 80 || !LONG_WORD.test(told))) return told;
  for (const [pattern, instead] of RULES) told = told.replace(pattern, instead);
  return told;
}

/** At most `most` characters and a word on what is missing. What is cut off is cut before it is looked at, so that a long text costs no more than a short one. */
export function redactWithin(text: string, most: number): string {
  if (text.length <= most) return redact(text);
  return `${redact(text.slice(0, wholeEnd(text, most)))}... (${text.length} characters)`;
}

/** Where to cut so that no half of a secret is left, which nobody would know for one. */
function wholeEnd(text: string, most: number): number {
  // Where there is none for so long, as in base64, a part goes that is longer than any credential.
  const least = Math.max(0, most - LONGEST_WORD);
  let end = most;
  while (end > least && !BETWEEN_WORDS.test(text[end - 1] ?? '')) end--;
  // Passwords may.
  for (let before = -1; before !== end; ) {
    before = end;
    for (const secret of secrets) {
      const at = end > 0 ? text.lastIndexOf(secret, end - 1) : -1;
      if (at >= 0 && at + secret.length > end) end = at;
    }
  }
  return end;
}

/** Names of fields whose values are never told, whatever they are. */
const SECRET_NAME =
  /^(?:x[-_])?(?:.*[-_.])?(?:passwo?r?d|pwd|passphrase|secrets?|authorization|cookies?|set-cookie|api[-_]?keys?|private[-_]?key|credentials?|hawker-debug|(?:access|refresh|id|auth)[-_]?token)$/i;
const CAMEL_SECRET = /(?:Password|Secret|ApiKey|PrivateKey|Authorization|Cookie|AccessToken|RefreshToken|IdToken)$/;

export function isSecretName(name: string): boolean {
  return SECRET_NAME.test(name) || CAMEL_SECRET.test(name);
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
