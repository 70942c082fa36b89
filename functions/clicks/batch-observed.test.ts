/** Which trace a commit of several hits is a part of. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { withShorthands } from '#shared/store/index.ts';
import { createMemoryDriver } from '#shared/store/memory.ts';
import type { Store } from '#shared/store/store.ts';
import { observe } from '#shared/telemetry/observe.ts';
import { currentScope } from '#shared/telemetry/scope.ts';
import { watchTelemetry } from '#shared/testing/watched-telemetry.ts';
import { event, instance, total } from './testing.ts';

/** A store whose commits are steps. */
function stepping(): Store {
  const inner = withShorthands(createMemoryDriver());
  return { ...inner, commit: (writes) => observe({ name: 'commit' }, () => inner.commit(writes)) };
}

test('the commit is in the trace of the first traced hit, and is linked with those of the others', async () => {
  using telemetry = await watchTelemetry();
  const store = stepping();
  const clicks = instance(store);
  const untraced = clicks.handle(event('0'));
  const lines = Promise.all(['1', '2', '3'].map((id) => telemetry.invoke(() => clicks.handle(event(id)))));
  await Promise.all([untraced, lines]);
  assert.equal((await total(store)).all, 4);
  const hits = telemetry.spans.filter(({ name }) => name === 'test');
  const [commit, batch] = [telemetry.span('commit'), telemetry.span('clicks.batch')];
  const [first, ...others] = hits;
  assert.equal(batch.parentSpanContext?.spanId, first?.spanContext().spanId);
  assert.equal(commit.parentSpanContext?.spanId, batch.spanContext().spanId);
  assert.deepEqual(batch.attributes, { 'messaging.batch.message_count': 4 });
  assert.deepEqual(
    batch.links.map(({ context }) => context.spanId),
    others.map((span) => span.spanContext().spanId),
  );
  for (const { links } of others)
    assert.deepEqual(
      links.map(({ context }) => context.spanId),
      [batch.spanContext().spanId],
    );
});

test('each batch is in a trace of its own hits, though one loop does them all', async () => {
  using telemetry = await watchTelemetry();
  const store = stepping();
  const clicks = instance(store);
  const counting = Array.from({ length: 150 }, (_, n) => telemetry.invoke(() => clicks.handle(event(`e${n}`))));
  await Promise.all(counting);
  const hits = telemetry.spans.filter(({ name }) => name === 'test').map((span) => span.spanContext().spanId);
  const parents = telemetry.spans
    .filter(({ name }) => name === 'clicks.batch')
    .map(({ parentSpanContext }) => hits.indexOf(parentSpanContext?.spanId ?? ''));
  assert.deepEqual(parents, [0, 100]);
});

test('what comes without an invocation is counted in none, also after what came with one', async () => {
  using telemetry = await watchTelemetry();
  const inner = withShorthands(createMemoryDriver());
  const scopes: boolean[] = [];
  const begun = Promise.withResolvers<void>();
  const both = Promise.withResolvers<void>();
  const store: Store = {
    ...inner,
    async commit(writes) {
      scopes.push(currentScope() !== undefined);
      begun.resolve();
      await both.promise;
      return inner.commit(writes);
    },
  };
  const clicks = instance(store);
  const first = telemetry.invoke(() => clicks.handle(event('1')));
  await begun.promise;
  const second = clicks.handle(event('2'));
  both.resolve();
  await Promise.all([first, second]);
  assert.deepEqual(scopes, [true, false]);
});
