import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { MANIFEST } from '#functions/manifest.ts';
import { DELIVERIES } from '#functions/slides-jobs/handler.ts';
import { SETTINGS } from '#shared/config.ts';
import { isScheduled } from '#shared/define.ts';
import { createTimetable } from '#shared/schedule/timetable.ts';
import { ROOT } from './sources.ts';

/** Topics for whoever wants to hear of it: nobody here does. */
const FOR_OTHERS = ['migration.told'];

const folders = readdirSync(join(ROOT, 'functions'), { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name);
const names = MANIFEST.map(({ name }) => name);
const secretSettings = Object.entries(SETTINGS).flatMap(([name, setting]) => ('secret' in setting ? name : []));

describe('the manifest', () => {
  it('has one row for each folder and one folder for each row', () => {
    assert.deepEqual([...names].sort(), [...folders].sort());
    assert.equal(new Set(names).size, names.length);
  });

  it('has names that functions-framework and Cloud Run take', () => {
    for (const name of names) {
      assert.match(name, /^[A-Za-z](?:[-_A-Za-z0-9]{0,61}[A-Za-z0-9])?$/);
      assert.match(name, /^[a-z][a-z0-9-]{0,47}[a-z0-9]$/);
    }
  });

  it('says in one sentence what a function does', () => {
    for (const { name, summary } of MANIFEST) assert.match(summary, /^[A-Z][^\n]*[^.\s]$/, name);
  });

  it('names settings that exist, and as secrets exactly those of them that are', () => {
    for (const { name, settings, secrets } of MANIFEST) {
      for (const setting of settings) assert.ok(setting in SETTINGS, `${name}: ${setting}`);
      assert.deepEqual(
        [...secrets].sort(),
        settings.filter((setting) => secretSettings.includes(setting)).sort(),
        name,
      );
    }
  });

  it('has a writer for every collection somebody reads, under a name every store takes', () => {
    const written = new Set(
      MANIFEST.flatMap(({ store }) => Object.keys(store).filter((key) => store[key] === 'write')),
    );
    for (const { name, store } of MANIFEST)
      for (const collection of Object.keys(store)) {
        assert.match(collection, /^[a-z][a-z0-9-]*$/, name);
        assert.ok(written.has(collection), `${name} reads ${collection}, which nobody writes`);
      }
  });

  it('has a publisher for every topic that triggers a function, and a function for every topic published', () => {
    const published = new Set(MANIFEST.flatMap(({ publishes }) => publishes));
    const consumed = new Set(MANIFEST.flatMap(({ trigger }) => (trigger.type === 'message' ? trigger.topic : [])));
    assert.deepEqual([...consumed].sort(), [...published].filter((topic) => !FOR_OTHERS.includes(topic)).sort());
    for (const topic of published) assert.match(topic, /^[a-z][a-z0-9.-]{2,253}$/);
  });

  it('keeps within what the platform allows', () => {
    for (const { name, trigger, cpu, concurrency, memory, timeout, retries } of MANIFEST) {
      assert.ok(timeout >= 1 && timeout <= 3_600, name);
      assert.ok(concurrency >= 1 && concurrency <= 1_000, name);
      assert.ok(cpu >= 1 || concurrency === 1, `${name}: below one vCPU there is one request at a time`);
      assert.ok(memory <= 512 || cpu >= 0.5, `${name}: more than 512 MiB needs half a vCPU`);
      if (trigger.type === 'message') {
        assert.ok(retries >= 5 && retries <= 100, `${name}: Pub/Sub makes 5 to 100 deliveries`);
        assert.ok(timeout >= 10 && timeout <= 600, `${name}: an ack deadline is 10 to 600 s`);
      } else if (trigger.type === 'schedule') {
        assert.ok(retries >= 0 && retries <= 5, `${name}: Cloud Scheduler repeats a call at most five times`);
        assert.ok(timeout >= 15 && timeout <= 1_800, `${name}: an attempt of Cloud Scheduler lasts 15 s to 30 min`);
      } else assert.equal(retries, 0, name);
    }
  });

  it('opens to everybody only what anyone may call, messages to nobody but their subscription, schedules to nobody but theirs', () => {
    for (const { name, trigger, callers, ingress } of MANIFEST) {
      assert.equal(callers === 'push', trigger.type === 'message', name);
      assert.equal(callers === 'scheduler', trigger.type === 'schedule', name);
      if (callers === 'anyone') assert.equal(ingress, 'all', name);
      if (callers === 'push' || callers === 'scheduler') assert.equal(ingress, 'internal', name);
    }
  });

  it('has schedules that fire, written as Cloud Scheduler reads them too', () => {
    for (const { name, trigger } of MANIFEST.filter(isScheduled)) {
      const { cron, timeZone } = trigger;
      assert.match(cron, /^(?:[0-9*,/-]+ ){3}(?:[0-9*,/-]|[A-Z]{3})+ (?:[0-9*,/-]|[A-Z]{3})+$/, name);
      assert.match(timeZone, /^(?:UTC|[A-Z]\w+(?:\/[\w+-]+)+)$/, name);
      assert.doesNotThrow(() => new Intl.DateTimeFormat('en', { timeZone }), name);
      assert.ok(createTimetable(trigger).next(Date.now()), `${name}: ${cron} never comes`);
    }
  });

  it('gives a job of slides as many deliveries as its handler counts', () => {
    assert.equal(MANIFEST.find(({ name }) => name === 'slides-jobs')?.retries, DELIVERIES);
  });

  it('lets a schedule keep its lease and its firings', () => {
    for (const { name, store, settings } of MANIFEST.filter(isScheduled)) {
      for (const collection of ['leases', 'lease-terms', 'lease-fences', 'lease-history', 'schedule-firings'])
        assert.equal(store[collection], 'write', `${name}: ${collection}`);
      for (const setting of ['HAWKER_PUSH_AUDIENCE', 'HAWKER_PUSH_EMAIL', 'HAWKER_LEASES'] as const)
        assert.ok(settings.includes(setting), `${name}: ${setting}`);
    }
  });
});

describe('a function folder', () => {
  for (const name of names) {
    it(`${name} has an entry that opens with what an operator must know`, () => {
      const text = readFileSync(join(ROOT, 'functions', name, 'index.ts'), 'utf8');
      const head = /^\/\*\*[\s\S]*?\*\//.exec(text)?.[0] ?? '';
      for (const label of ['Trigger', 'Input', 'Store', 'Idempotency', 'Failures?'])
        assert.match(head, new RegExp(`^ \\* ${label}: \\S`, 'm'), label);
    });

    it(`${name} has an entry that only wires, and tests`, () => {
      const text = readFileSync(join(ROOT, 'functions', name, 'index.ts'), 'utf8');
      assert.match(text, /^export default defineFunction\(/m);
      assert.ok(text.split('\n').length <= 80, 'at most 80 lines');
      const files = readdirSync(join(ROOT, 'functions', name), { recursive: true }).map(String);
      assert.ok(files.some((file) => file.endsWith('.test.ts')));
    });
  }
});
