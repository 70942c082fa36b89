/** Whether an address is one of the target's kind, told before anything is opened. */
import { AppError } from '../errors.ts';
import type { Kind } from './target.ts';

interface Rule {
  of: string;
  fits: RegExp;
  begins: string;
}

const RULES: Readonly<Record<Exclude<Kind, 'firestore'>, Rule>> = {
  // golang-migrate's other names for it, and the two forms in which `pg` takes a socket.
  postgres: {
    of: 'PostgreSQL',
    fits: /^(?:(?:postgres(?:ql)?|pgx[45]?):\/\/|socket:|\/)/i,
    begins: 'must begin with postgres:// or postgresql://',
  },
  mysql: { of: 'MySQL', fits: /^mysql:\/\//i, begins: 'must begin with mysql://' },
  sqlite: {
    of: 'SQLite',
    fits: /^(?:sqlite3?:\/\/|(?![a-z][\w+.-]*:\/\/))/i,
    begins: 'must be the path of a file, which may begin with sqlite:// or sqlite3://',
  },
};

/** Throws `not_configured` without a word of the address, which may hold a password. `what` and `where` name its setting. */
export function checkAddress(kind: Kind, address: string, what: string, where: string): void {
  if (kind === 'firestore') return;
  const { of, fits, begins } = RULES[kind];
  if (!fits.test(address))
    throw new AppError('not_configured', `${what}, in ${where}, is none of ${of}'s: it ${begins}`);
}
