/** `npm run migrate -- lint`: of a target's files, or of a folder, without any database. */
import { resolve } from 'node:path';
import { lintTold } from '#functions/migrations/lint-told.ts';
import { lintFiles } from '#shared/migrations/lint/lint.ts';
import { lintTarget } from '#shared/migrations/lint/lint-target.ts';
import { readLintFiles } from '#shared/migrations/lint/read-lint-files.ts';
import { sarifOf } from '#shared/migrations/lint/sarif.ts';
import type { Kind, Target } from '#shared/migrations/target.ts';
import { say, sayJson } from '../command/print.ts';
import { EXIT } from './exit-codes.ts';
import { type Opened, openMigrate } from './open.ts';
import type { Typed } from './usage.ts';

type TypedLint = Extract<Typed, { does: 'lint' }>;
type Chosen = (all: readonly Target[], name: string | undefined) => Promise<Target>;

/** Answers the exit code: 8 where there is an error, 0 where there are warnings at most. */
export async function lint(typed: TypedLint, chosenOf: Chosen): Promise<number> {
  const { path, kind, json, sarif } = typed;
  const findings = path !== undefined && kind ? await ofFolder(path, kind) : await ofTarget(typed, chosenOf);
  const { errors, warnings, ...told } = lintTold(findings);
  if (sarif) sayJson(sarifOf(findings));
  else if (json) sayJson({ ...told, errors, warnings });
  else {
    for (const { file, line, column, rule, severity, message, help } of findings)
      say(`${file}:${line}:${column} ${severity} ${rule} ${message}. ${help}`);
    say(`${errors} errors, ${warnings} warnings`);
  }
  return errors > 0 ? EXIT.lint : EXIT.done;
}

const ofFolder = async (path: string, kind: Kind) => lintFiles(await readLintFiles(resolve(path)), kind);

async function ofTarget({ target }: TypedLint, chosenOf: Chosen) {
  await using opened: Opened = await openMigrate();
  return await lintTarget(await chosenOf(await opened.targets(), target), opened.runner);
}
