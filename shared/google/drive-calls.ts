/** Drive v3, as far as it is used. Shared drives are always included; a warning of abuse is never waved through. */
import { createHash } from 'node:crypto';
import { AppError } from '../errors.ts';
import { requestOf } from './client-request.ts';
import type { DriveApi, DriveFile } from './drive.ts';
import type { CallOptions } from './google.ts';
import { SCOPES } from './identity.ts';
import { type About, isFileId, parseJson, readWithToken, type Session } from './session.ts';

const API = 'Google Drive API';
const ABOUT: About = {
  upstream: 'drive',
  api: API,
  thing: 'file',
  remedy: 'share it with that account as viewer',
  scope: SCOPES.drive,
};
const FIELDS =
  'id,name,mimeType,size,md5Checksum,headRevisionId,capabilities/canDownload,trashed,shortcutDetails/targetId';
const LOOK = { operation: 'file', ms: 20_000, bytes: 262_144 };
const DOWNLOAD = { operation: 'download', ms: 60_000 };
/** What Google's own editors make has no bytes; folders and shortcuts are of the kind too. */
const GOOGLE_TYPE = 'application/vnd.google-apps.';

export function createDriveApi(session: Session): DriveApi {
  const { rootUrl, account } = session;

  async function look(fileId: string, { signal }: CallOptions): Promise<Fields> {
    if (!isFileId(fileId)) throw new AppError('not_found', 'There is no file with such an id');
    const { drive } = await import('./drive-client.ts');
    const { files } = drive('v3');
    const params = { fileId, fields: FIELDS, supportsAllDrives: true };
    const make = (headers: Record<string, string>) =>
      requestOf((options) => files.get(params, options), headers, rootUrl);
    const { bytes } = await readWithToken(session, ABOUT, make, { ...LOOK, signal });
    return Object(parseJson(bytes)) as Fields;
  }

  return {
    async file(id, options) {
      const named = await look(id, options);
      const target = targetOf(named);
      const found = target === undefined ? named : await look(target, options);
      if (found.trashed === true) throw new AppError('not_found', 'The file is in the bin');
      if ((Object(found.capabilities) as { canDownload?: unknown }).canDownload === false)
        throw new AppError(
          'google_forbidden',
          `${(await account.email()) ?? 'The caller'} may see the file and not download it: its owner or its shared drive has to allow that`,
        );
      const file = fileOf(found);
      if (!file) throw new AppError('unavailable', `The ${API} answered with something that is no file`);
      if (file.mimeType.startsWith(GOOGLE_TYPE))
        throw new AppError('invalid', `A file of the type ${file.mimeType.slice(0, 80)} has no bytes of its own`);
      return file;
    },

    async download(file, maxBytes, { signal }) {
      const { id: fileId, size, md5 } = file;
      const tooLarge = () => new AppError('too_large', `The file has more than ${maxBytes} bytes`);
      if (!isFileId(fileId)) throw new AppError('not_found', 'There is no file with such an id');
      if (size !== undefined && size > maxBytes) throw tooLarge();
      const { drive } = await import('./drive-client.ts');
      const { files } = drive('v3');
      const params = { fileId, alt: 'media', supportsAllDrives: true };
      const make = (headers: Record<string, string>) =>
        requestOf((options) => files.get(params, options), headers, rootUrl);
      const { bytes } = await readWithToken(session, ABOUT, make, { ...DOWNLOAD, bytes: maxBytes, signal });
      // Its MD5 is what Drive tells of a version; nobody who wants to deceive is kept out by it, or needs to be.
      const same = md5 === undefined ? size === undefined || size === bytes.byteLength : md5 === md5Of(bytes);
      if (!same) throw new AppError('conflict', 'The file was changed while it was read');
      return bytes;
    },
  };
}

/** What was asked for by FIELDS, if it came. */
interface Fields {
  id?: unknown;
  name?: unknown;
  mimeType?: unknown;
  size?: unknown;
  md5Checksum?: unknown;
  headRevisionId?: unknown;
  capabilities?: unknown;
  trashed?: unknown;
  shortcutDetails?: unknown;
}

function targetOf({ mimeType, shortcutDetails }: Fields): string | undefined {
  if (mimeType !== `${GOOGLE_TYPE}shortcut`) return undefined;
  const { targetId } = Object(shortcutDetails) as { targetId?: unknown };
  return typeof targetId === 'string' ? targetId : undefined;
}

function fileOf({ id, name, mimeType, size, md5Checksum, headRevisionId }: Fields): DriveFile | undefined {
  if (typeof id !== 'string' || typeof name !== 'string' || typeof mimeType !== 'string') return undefined;
  return {
    id,
    name,
    mimeType,
    ...(typeof size === 'string' && /^\d{1,15}$/.test(size) && { size: Number(size) }),
    ...(typeof headRevisionId === 'string' && { revision: headRevisionId }),
    ...(typeof md5Checksum === 'string' && { md5: md5Checksum }),
  };
}

function md5Of(bytes: Uint8Array): string {
  return createHash('md5').update(bytes).digest('hex');
}
