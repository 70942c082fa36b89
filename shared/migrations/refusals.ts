/** Why a command is refused, in golang-migrate's words where it has some. */
import { AppError } from '../errors.ts';
import { LARGEST_STORED } from './file-name.ts';
import type { Version, VersionState } from './migration.ts';

export const refused = (detail: string) => new AppError('migration_refused', detail);
export const tooLarge = (version: Version) =>
  refused(`version ${version} is above ${LARGEST_STORED}, the highest that the table can hold`);
export const absent = (version: Version | undefined) =>
  refused(`no migration found for version ${version}: read down for version ${version} .: file does not exist`);
export const dirty = ({ version }: VersionState) =>
  new AppError('migration_dirty', `Dirty database version ${version ?? -1}. Fix and force version.`);
