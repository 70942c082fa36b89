/** The Firestore database, time-to-live policies, and the indexes that it does without. */
import { EXPIRING } from '#functions/collections.ts';
import type { FunctionRow } from '#shared/define.ts';
import { items, text } from './answer.ts';
import { command, question } from './names.ts';
import type { DeployOptions } from './options.ts';
import type { Json, Resource } from './resource.ts';
import { apiId } from './services-enabled.ts';

/** Every field of a document of ours (shared/store/firestore-documents.ts); documents are read by id and listed by name, which needs none of them. */
const FIELDS = ['json', 'writer', 'creator', 'replaced', 'expireAt'];

export function firestore(rows: readonly FunctionRow[], options: DeployOptions): Resource[] {
  const { project, database, region } = options;
  const named = { database };
  const collections = [...new Set(rows.flatMap(({ store }) => Object.keys(store)))].sort();
  const using = (collection: string) => rows.filter(({ store }) => collection in store).map(({ name }) => name);
  if (collections.length === 0) return [];
  const id = `database/${database}`;
  return [
    {
      id,
      kind: 'database',
      about: `The Firestore database ${database} in ${region}, which can be removed only when its protection is; its place can never be changed`,
      of: [],
      needs: [apiId('firestore')],
      describe: question(options, ['firestore', 'databases', 'describe'], named),
      wanted: { type: 'FIRESTORE_NATIVE', deleteProtectionState: 'DELETE_PROTECTION_ENABLED' },
      read: (answer) => ({
        type: text(answer, 'type'),
        deleteProtectionState: text(answer, 'deleteProtectionState'),
      }),
      create: [
        command(options, ['firestore', 'databases', 'create'], {
          ...named,
          location: region,
          type: 'firestore-native',
          'delete-protection': true,
        }),
      ],
      update: [
        command(options, ['firestore', 'databases', 'update'], {
          ...named,
          type: 'firestore-native',
          'delete-protection': true,
        }),
      ],
      remove: [
        command(options, ['firestore', 'databases', 'update'], { ...named, 'no-delete-protection': true }),
        command(options, ['firestore', 'databases', 'delete'], named),
      ],
      keeps: 'it holds the data',
      cost: '0 while idle; per read, write and GiB kept',
    },
    ...collections.map((collection): Resource => {
      const exempt = command(options, [], {
        ...named,
        'collection-group': collection,
        'disable-indexes': true,
        async: true,
      });
      const edits = FIELDS.map((field) => ({
        args: ['firestore', 'indexes', 'fields', 'update', field, ...exempt.args],
      }));
      return {
        id: `indexes/${collection}`,
        kind: 'indexes',
        about: `No indexes on fields of ${collection}: documents are found by id alone, and writes need not keep up what nobody asks`,
        of: using(collection),
        needs: [id],
        describe: question(options, ['firestore', 'indexes', 'fields', 'list'], named),
        wanted: Object.fromEntries(FIELDS.map((field) => [field, 'none'])),
        read: (answer) => exemptions(answer, project, database, collection),
        create: edits,
        update: edits,
        keeps: 'it goes with the database',
      };
    }),
    ...EXPIRING.filter((collection) => collections.includes(collection)).map((collection): Resource => {
      const field = fieldName(project, database, collection, 'expireAt');
      return {
        id: `ttl/${collection}`,
        kind: 'ttl',
        about: `Removes documents of ${collection} within a day after their expireAt`,
        of: using(collection),
        // Both change the same field, and Firestore takes one change of a field at a time.
        needs: [id, `indexes/${collection}`],
        describe: question(options, ['firestore', 'fields', 'ttls', 'list'], named),
        wanted: null,
        read: (answer) =>
          items(answer).some((one) => text(one, 'name') === field && text(one, 'ttlConfig', 'state') !== '')
            ? null
            : undefined,
        create: [
          command(options, ['firestore', 'fields', 'ttls', 'update', 'expireAt'], {
            ...named,
            'collection-group': collection,
            'enable-ttl': true,
            async: true,
          }),
        ],
        keeps: 'it goes with the database',
        cost: 'US$0.02 for 100,000 documents removed',
      };
    }),
  ];
}

const fieldName = (project: string, database: string, collection: string, field: string) =>
  `projects/${project}/databases/${database}/collectionGroups/${collection}/fields/${field}`;

/** Which of the fields have no index; undefined where none has an exemption. */
function exemptions(answer: Json, project: string, database: string, collection: string): Json | undefined {
  const found = Object.fromEntries(
    FIELDS.flatMap((field) => {
      const one = items(answer).find((each) => text(each, 'name') === fieldName(project, database, collection, field));
      if (!one || text(one, 'indexConfig', 'usesAncestorConfig') === 'true') return [];
      return [[field, items(one, 'indexConfig', 'indexes').length === 0 ? 'none' : 'some']];
    }),
  );
  return Object.keys(found).length === 0 ? undefined : found;
}
