/** What the log tells of a job's deliveries. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { guardAgainstLeaks } from '#shared/testing/leak-guard.ts';
import { watchTelemetry } from '#shared/testing/watched-telemetry.ts';
import { createRig, JOB } from './rig.ts';

guardAgainstLeaks();

test('each delivery of a job is part of one operation that its id names, and one that comes again is counted', async () => {
  using telemetry = await watchTelemetry();
  const rig = await createRig();
  const operation = { id: JOB, producer: 'hawker/slides' };
  const first = await telemetry.invoke(() => rig.open()());
  assert.deepEqual([first['job'], first['logging.googleapis.com/operation']], [JOB, operation]);
  assert.deepEqual([first['placed'], first['writes']], [2, 1]);
  const second = await telemetry.invoke(() => rig.open()());
  assert.deepEqual([second['job'], second['placed']], [JOB, undefined]);
  assert.deepEqual(telemetry.series('hawker.inbox.duplicates'), { 'slides-jobs': 1 });
  assert.deepEqual(telemetry.series('hawker.slides.images'), { placed: 2 });
});
