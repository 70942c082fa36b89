/** Drive v3 on loopback: what a file is, and its bytes. Whatever would change something is left to be found forbidden. */
import { createHash } from 'node:crypto';
import { answering, Refused, sendJson } from './answers.ts';
import type { FakePart } from './fake-google.ts';
import { prune, readMask } from './field-mask.ts';
import { readImageHeader } from './image-header.ts';
import { readSchema } from './schema.ts';
import type { Tokens } from './tokens.ts';

export interface DriveFileGiven {
  id?: string;
  name?: string;
  /** Told from the bytes where absent. */
  mimeType?: string;
  /** Absent for what has none: a folder, or a Google document. */
  bytes?: Uint8Array;
  /** The shared drive that it is in. */
  driveId?: string;
  trashed?: boolean;
  canDownload?: boolean;
  /** Makes it a shortcut to another file, which need not be there. */
  shortcutTo?: string;
  /** Accounts that may read it; the service's own where absent. */
  sharedWith?: readonly string[];
}

export interface FakeDrive extends FakePart {
  /** Answers the file's id. */
  addFile(file: DriveFileGiven): string;
  /** Puts other bytes in place: a new revision. */
  replace(id: string, bytes: Uint8Array): void;
  /** Does so right after the next look at what the file is, before its bytes are read. */
  replaceAfterLook(id: string, bytes: Uint8Array): void;
  remove(id: string): void;
  ids(): readonly string[];
}

interface Stored extends DriveFileGiven {
  id: string;
  revision: number;
  next?: Uint8Array;
}

const READING = ['drive', 'drive.readonly', 'drive.file'];
const LOOKING = [...READING, 'drive.metadata', 'drive.metadata.readonly'];
const PARAMETERS = new Set([
  'alt',
  'fields',
  'supportsAllDrives',
  'supportsTeamDrives',
  'acknowledgeAbuse',
  'prettyPrint',
]);
const SHORTCUT = 'application/vnd.google-apps.shortcut';
const DEFAULT_FIELDS = 'kind,id,name,mimeType,resourceKey';
const DOCUMENT = 'application/vnd.google-apps.document';

export function createDrive({ tokens, account }: { tokens: Tokens; account: string }): FakeDrive {
  const files = new Map<string, Stored>();
  const schema = readSchema('drive/v3');

  function stored(id: string): Stored {
    const file = files.get(id);
    if (!file) throw new Error(`Drive has no file ${id}`);
    return file;
  }

  function visible(id: string, who: string, query: URLSearchParams): Stored {
    const file = files.get(id);
    const inReach = !file?.driveId || /^true$/.test(query.get('supportsAllDrives') ?? '');
    // What is not shared is as if it were not there.
    if (!file || !inReach || !(file.sharedWith ?? [account]).includes(who))
      throw new Refused(404, `File not found: ${id}.`, { reason: 'notFound' });
    return file;
  }

  function described(file: Stored): Record<string, unknown> {
    const { id, name = 'untitled', driveId, trashed = false, bytes, shortcutTo, canDownload = true } = file;
    const about = { kind: 'drive#file', id, name, mimeType: mimeTypeOf(file), trashed, ...(driveId && { driveId }) };
    const capabilities = { canDownload: canDownload && !shortcutTo, canEdit: false };
    if (shortcutTo) {
      const target = files.get(shortcutTo);
      const targetMimeType = target ? mimeTypeOf(target) : 'application/octet-stream';
      return { ...about, capabilities, shortcutDetails: { targetId: shortcutTo, targetMimeType } };
    }
    if (!bytes) return { ...about, capabilities };
    const header = readImageHeader(bytes);
    return {
      ...about,
      capabilities,
      // Numbers of 64 bits are text.
      size: String(bytes.length),
      md5Checksum: createHash('md5').update(bytes).digest('hex'),
      headRevisionId: `0B-${id}-r${file.revision}`,
      version: String(file.revision),
      ...(header && { imageMediaMetadata: { width: header.width, height: header.height, rotation: 0 } }),
    };
  }

  function put(file: Stored, bytes: Uint8Array): void {
    file.bytes = bytes;
    file.revision++;
    delete file.next;
  }

  return {
    addFile(given) {
      const id = given.id ?? `1Fake${String(files.size + 1).padStart(28, 'x')}`;
      files.set(id, { ...given, id, revision: 1 });
      return id;
    },
    replace: (id, bytes) => put(stored(id), bytes),
    replaceAfterLook(id, bytes) {
      stored(id).next = bytes;
    },
    remove: (id) => void files.delete(id),
    ids: () => [...files.keys()],
    async handle(request, response, url) {
      const [, name] = /^\/drive\/v3\/files\/([^/:]+)$/.exec(url.pathname) ?? [];
      if (name === undefined || request.method !== 'GET') return false;
      await answering(response, 'drive', () => {
        const query = url.searchParams;
        const media = query.get('alt') === 'media';
        const { account: who } = tokens.require(request, media ? READING : LOOKING);
        for (const key of query.keys())
          if (!PARAMETERS.has(key)) throw new Refused(400, `Unknown parameter ${key}`, { reason: 'invalidParameter' });
        const file = visible(decodeURIComponent(name), who, query);
        if (!media) {
          const mask = readMask(query.get('fields') ?? DEFAULT_FIELDS, schema, 'File');
          sendJson(response, 200, prune(described(file), mask));
          if (file.next) put(file, file.next);
          return;
        }
        const { bytes, canDownload = true } = file;
        if (!bytes)
          throw new Refused(
            403,
            'Only files with binary content can be downloaded. Use Export with Docs Editors files.',
            {
              reason: 'fileNotDownloadable',
            },
          );
        if (!canDownload)
          throw new Refused(403, 'This file cannot be downloaded by the user.', { reason: 'cannotDownloadFile' });
        response
          .writeHead(200, { 'content-type': mimeTypeOf(file), 'content-length': String(bytes.length) })
          .end(bytes);
      });
      return true;
    },
  };
}

function mimeTypeOf({ mimeType, shortcutTo, bytes }: DriveFileGiven): string {
  if (shortcutTo) return SHORTCUT;
  if (mimeType) return mimeType;
  return bytes ? (readImageHeader(bytes)?.type ?? 'application/octet-stream') : DOCUMENT;
}
