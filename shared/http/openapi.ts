/** The OpenAPI 3.1 document of an app's routes, made from the schemas that check its requests. */
import * as z from 'zod';
import { CATALOGUE, type ErrorCode } from '../errors.ts';
import type { Answer, RouteSpec } from './api.ts';
import { PROBLEM_TYPE } from './problem.ts';
import { problemSchema } from './problem-schema.ts';

interface About {
  title: string;
  about: string;
  prefix: string;
}

type Json = Record<string, unknown>;

/** Answers may gain fields: only what comes in is closed. */
const override = ({ zodSchema, jsonSchema }: { zodSchema: z.core.$ZodTypes; jsonSchema: Json }) => {
  if (zodSchema._zod.def.type === 'object' && !zodSchema._zod.def.catchall) delete jsonSchema['additionalProperties'];
};

export async function describeApi(routes: readonly RouteSpec[], { title, about, prefix }: About): Promise<Json> {
  const loaded = await Promise.all(routes.map(async (route) => ({ ...route, answers: await loadedAnswers(route) })));
  const schemas: Json = {};
  /** Schemas with an `id` become components that others refer to. */
  const schemaOf = (schema: z.ZodType, io: 'input' | 'output'): Json => {
    const {
      $schema: _,
      $defs,
      ...root
    } = JSON.parse(
      JSON.stringify(z.toJSONSchema(schema, { io, unrepresentable: 'any', override })).replaceAll(
        '"#/$defs/',
        '"#/components/schemas/',
      ),
    ) as Json;
    Object.assign(schemas, $defs);
    return root;
  };
  const paths: Record<string, Json> = {};
  for (const route of loaded) {
    const path = route.path.replaceAll(/:(\w+)/g, '{$1}');
    paths[path] = { ...paths[path], [route.method]: operationOf(route, schemaOf) };
  }
  return {
    openapi: '3.1.0',
    info: { title, description: about, version: '1' },
    servers: [{ url: prefix || '/' }],
    security: [{ bearer: [] }],
    paths,
    components: {
      schemas,
      securitySchemes: {
        bearer: {
          type: 'http',
          scheme: 'bearer',
          description: 'An API key, or a Google ID token where these are configured',
        },
      },
    },
  };
}

/** An answer whose schema is there. */
type Described = Omit<Answer, 'schema'> & { schema?: z.ZodType | undefined };

async function loadedAnswers({ answers }: RouteSpec): Promise<Record<string, Described>> {
  const entries = Object.entries(answers).map(async ([status, { schema, ...answer }]) => {
    return [status, { ...answer, schema: typeof schema === 'function' ? await schema() : schema }] as const;
  });
  return Object.fromEntries(await Promise.all(entries));
}

type SchemaOf = (schema: z.ZodType, io: 'input' | 'output') => Json;

function operationOf(
  route: Omit<RouteSpec, 'answers'> & { answers: Record<string, Described> },
  schemaOf: SchemaOf,
): Json {
  const writes = route.method !== 'get';
  const problems = new Set<ErrorCode>([
    ...(route.role === 'anyone' ? [] : (['unauthenticated', 'forbidden'] as const)),
    ...(route.params || route.query || route.body ? (['invalid'] as const) : []),
    ...(route.params || route.body || route.text ? (['bad_request'] as const) : []),
    ...(route.body || route.text ? (['too_large'] as const) : []),
    ...(route.body ? (['unsupported_media_type'] as const) : []),
    ...(writes ? (['request_in_progress', 'idempotency_key_reused'] as const) : []),
    ...(writes && (route.ifMatch || route.ifNoneMatch) ? (['precondition_failed'] as const) : []),
    ...(route.problems ?? []),
    'internal',
    'unavailable',
  ]);
  return {
    operationId: route.operationId,
    summary: route.summary,
    ...((route.about ?? route.role !== 'anyone') && {
      description: [route.about, route.role !== 'anyone' && `Needs the role ${route.role}.`].filter(Boolean).join(' '),
    }),
    ...(route.role === 'anyone' && { security: [] }),
    parameters: [
      ...parametersOf(route.params, 'path', schemaOf),
      ...parametersOf(route.query, 'query', schemaOf),
      ...Object.entries(route.headers ?? {}).map(([name, about]) => header(name, about)),
      ...(writes
        ? [header('Idempotency-Key', 'Makes a repetition within 24 hours answer what the first one did')]
        : []),
      ...(route.ifMatch ? [header('If-Match', 'The ETag that it must still have')] : []),
      ...(route.ifNoneMatch
        ? [
            header(
              'If-None-Match',
              writes ? '`*`: there must be nothing here yet' : 'The ETag that is known: 304 while it holds',
            ),
          ]
        : []),
    ],
    ...(route.body && {
      requestBody: {
        required: !route.body.safeParse(undefined).success,
        content: {
          'application/json': { schema: schemaOf(route.body, 'input') },
          ...(route.files && {
            'multipart/form-data': {
              schema: {
                type: 'object',
                properties: { request: schemaOf(route.body, 'input') },
                required: ['request'],
                additionalProperties: { type: 'string', format: 'binary', description: route.files },
              },
              encoding: { request: { contentType: 'application/json' } },
            },
          }),
        },
      },
    }),
    ...(route.text && {
      requestBody: {
        required: true,
        content: Object.fromEntries(route.text.types.map((type) => [type, { schema: { type: 'string' } }])),
      },
    }),
    responses: {
      ...(route.ifNoneMatch && !writes && { 304: { description: 'The caller has this answer already' } }),
      ...Object.fromEntries(
        Object.entries(route.answers).map(([status, answer]) => [status, answerOf(answer, schemaOf)]),
      ),
      ...problemAnswers(problems, schemaOf),
    },
  };
}

function parametersOf(schema: z.ZodType | undefined, place: 'path' | 'query', schemaOf: SchemaOf): Json[] {
  if (!schema) return [];
  const { properties = {}, required = [] } = schemaOf(schema, 'input') as {
    properties?: Record<string, Json>;
    required?: string[];
  };
  return Object.entries(properties).map(([name, { description, ...rest }]) => ({
    name,
    in: place,
    required: place === 'path' || required.includes(name),
    ...(description !== undefined && { description }),
    schema: rest,
  }));
}

function header(name: string, description: string): Json {
  return { name, in: 'header', required: false, description, schema: { type: 'string' } };
}

function answerOf(answer: Described, schemaOf: SchemaOf): Json {
  return {
    description: answer.about,
    ...(answer.headers && {
      headers: Object.fromEntries(
        Object.entries(answer.headers).map(([name, description]) => [
          name,
          { description, schema: { type: 'string' } },
        ]),
      ),
    }),
    ...((answer.schema || answer.type) && {
      content: {
        ...(answer.schema && { 'application/json': { schema: schemaOf(answer.schema, 'output') } }),
        ...(answer.type && { [answer.type]: { schema: { type: 'string' } } }),
      },
    }),
  };
}

function problemAnswers(codes: ReadonlySet<ErrorCode>, schemaOf: SchemaOf): Json {
  const byStatus = Map.groupBy([...codes].sort(), (code) => CATALOGUE[code].status);
  return Object.fromEntries(
    [...byStatus].map(([status, same]) => [
      status,
      {
        description: same.map((code) => `\`${code}\`: ${CATALOGUE[code].title}`).join('; '),
        content: { [PROBLEM_TYPE]: { schema: schemaOf(problemSchema, 'output') } },
      },
    ]),
  );
}
