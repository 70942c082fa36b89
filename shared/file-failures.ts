/** What the file system's refusals mean to whoever runs this. */
import { AppError, messageOf } from './errors.ts';

const REASONS: Record<string, string> = {
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  EROFS: 'it is on a read-only file system',
  ENOENT: 'no folder can be made there',
  ENOTDIR: 'a part of that path is a file',
  EEXIST: 'a file of that name is in the way',
};

/** `folder` is HAWKER_DATA, or one within it. */
export function explainFileError(error: unknown, folder: string): AppError {
  const code = (error as NodeJS.ErrnoException).code ?? '';
  if (code === 'ENOSPC' || code === 'EDQUOT')
    return new AppError('storage_full', `no room left in the data folder ${folder}`, { cause: error });
  const reason = REASONS[code] ?? messageOf(error);
  return new AppError('unavailable', `cannot keep data in the folder ${folder} (HAWKER_DATA): ${reason}`, {
    cause: error,
  });
}
