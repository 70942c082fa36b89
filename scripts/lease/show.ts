/** Leases as people read them. */
import type { LeaseView, PastTerm } from '#shared/lease/lease.ts';
import { say } from '../command/print.ts';

/** A field to each line, in the order of what people ask. */
export function sayLease(view: LeaseView): void {
  const { name, holder, term, token, since, renewals, durationMs, note, successor, broken, why } = view;
  const fields: [string, string | number | undefined][] = [
    ['name', name],
    ['holder', holder ?? '(free)'],
    ['why', why],
    // Of a free lease both are its last term's, and would read as if it had been free since then.
    ['since', holder && since],
    ['term', term],
    ['token', token],
    ['renewals', holder && renewals],
    ['duration', `${durationMs / 1_000} s`],
    ['note', note],
    ['successor', successor],
    ['broken', broken && `${broken.at} by ${broken.by}: ${broken.reason}`],
  ];
  for (const [label, value] of fields) if (value !== undefined) say(`${label.padEnd(9)} ${value}`);
}

export function sayLeases(views: readonly LeaseView[]): void {
  const width = Math.max(0, ...views.map(({ name }) => name.length));
  for (const { name, why } of views) say(`${name.padEnd(width)}  ${why}`);
}

export function sayTerms(terms: readonly PastTerm[]): void {
  for (const { term, token, holder, since, until, end, broken, note } of terms) {
    const over =
      end === undefined && until === undefined
        ? 'no end known'
        : [end, until, broken && `by ${broken.by}: ${broken.reason}`].filter(Boolean).join(' ');
    say(`term ${term}  token ${token}  ${since}  ${over}  ${holder}${note === undefined ? '' : `  (${note})`}`);
  }
}
