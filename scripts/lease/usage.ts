/** What was typed: the arguments of a command, or one line that says what is wrong with them. */
import type { ParseArgsConfig } from 'node:util';
import { LEASE_NAME, LEASE_NAME_RULE } from '#shared/lease/name.ts';
import { HelpWanted, parseTyped, UsageError } from '../command/usage.ts';

export interface Usage {
  /** Shown by --help; its first line is `usage: ...`. */
  text: string;
  /** Whether it takes the name of a lease, the one thing that any takes without a dash; `maybe`: it may be left out. */
  name?: 'needed' | 'maybe';
  /** Options that take a value. */
  options?: readonly string[];
}

export interface Typed {
  /** The name; '' where there is none. */
  name: string;
  options: Record<string, string | undefined>;
  json: boolean;
}

/** Throws UsageError and HelpWanted. */
export function readArguments(args: readonly string[], usage: Usage): Typed {
  const own: NonNullable<ParseArgsConfig['options']> = {
    json: { type: 'boolean' },
    help: { type: 'boolean', short: 'h' },
  };
  for (const name of usage.options ?? []) own[name] = { type: 'string', multiple: true };
  const { values, positionals } = parseTyped(args, own);
  if (values['help']) throw new HelpWanted(usage.text);
  const most = usage.name === undefined ? 0 : 1;
  if (positionals.length > most)
    throw new UsageError(`what is ${JSON.stringify(positionals[most])} for? ${firstLine(usage)}`);
  const [name] = positionals;
  if (name === undefined && usage.name === 'needed') throw new UsageError(`<name> is missing; ${firstLine(usage)}`);
  if (name !== undefined && !LEASE_NAME.test(name)) throw new UsageError(`a lease's name ${LEASE_NAME_RULE}`);
  const options: Typed['options'] = {};
  for (const name of usage.options ?? []) {
    const given = values[name] as string[] | undefined;
    if (given && given.length > 1) throw new UsageError(`--${name} was given ${given.length} times`);
    options[name] = given?.[0];
  }
  return { name: name ?? '', options, json: values['json'] === true };
}

/** A number of seconds within these bounds as milliseconds; undefined where none was given. Throws UsageError. */
export function milliseconds(name: string, text: string | undefined, least: number, most: number): number | undefined {
  if (text === undefined) return undefined;
  const seconds = Number(text);
  if (!/^\d{1,9}(?:\.\d{1,3})?$/.test(text) || seconds < least || seconds > most)
    throw new UsageError(`--${name} must be a number of seconds from ${least} to ${most}, not ${JSON.stringify(text)}`);
  return Math.round(seconds * 1_000);
}

function firstLine({ text }: Usage): string {
  return text.split('\n')[0] ?? '';
}
