/** What NetworkPolicies let through, judged connection by connection as a cluster would. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { objectsOf, rowsOf } from '../manifests.ts';
import type { Asked } from './asked.ts';
import { leaseRules } from './lease-rules.ts';
import { selectorOf } from './object.ts';
import { ASKED, type End, KNATIVE, passes, SINGLE } from './testing.ts';

const DNS: End = { namespace: 'kube-system', labels: { 'k8s-app': 'kube-dns' } };
const INGRESS: End = { namespace: 'ingress-nginx', labels: {} };
const GOOGLE: End = { address: '142.250.4.95' };
const PRIVATE: End = { address: '10.20.30.40' };
const METADATA: End = { address: '169.254.169.254' };

describe('traffic of functions in a cluster', () => {
  const objects = objectsOf(ASKED);
  const may = (part: string, way: 'ingress' | 'egress', end: End, port: number, protocol = 'TCP') =>
    passes(objects, selectorOf(part), way, end, { port, protocol });

  for (const row of rowsOf(ASKED)) {
    const { name, trigger } = row;
    it(`${name} is reached by what its trigger says, and by nobody else`, () => {
      assert.equal(may(name, 'ingress', INGRESS, 8080), trigger.type === 'http');
      assert.equal(may(name, 'ingress', INGRESS, 9229), false);
      assert.equal(may(name, 'ingress', { namespace: 'default', labels: {} }, 8080), false);
      for (const other of rowsOf(ASKED))
        assert.equal(may(name, 'ingress', { namespace: 'hawker', labels: selectorOf(other.name) }, 8080), false);
    });

    it(`${name} reaches what its row implies, and nothing else`, () => {
      for (const protocol of ['TCP', 'UDP']) assert.equal(may(name, 'egress', DNS, 53, protocol), true);
      assert.equal(may(name, 'egress', { namespace: 'kube-system', labels: { app: 'other' } }, 53), false);
      assert.equal(may(name, 'egress', GOOGLE, 443), true);
      assert.equal(may(name, 'egress', { address: '2404:6800:4003::5f' }, 443), true);
      assert.equal(may(name, 'egress', GOOGLE, 80), false);
      assert.equal(may(name, 'egress', METADATA, 80), true);
      assert.equal(may(name, 'egress', METADATA, 443), leaseRules(row, ASKED).length > 0);
      assert.equal(may(name, 'egress', PRIVATE, 80), false);
      assert.equal(may(name, 'egress', INGRESS, 8080), false);
      const leads = row.store['leases'] === 'write';
      for (const address of ['172.20.0.1', '192.168.1.1', '100.64.3.3', 'fd00::1'])
        assert.equal(may(name, 'egress', { address }, 443), leads, address);
      for (const port of [443, 6443])
        assert.equal(may(name, 'egress', PRIVATE, port), leads, `the API server, ${port}`);
      const migrates = name === 'migrations' || name === 'migration-runs';
      for (const port of [5432, 3306]) assert.equal(may(name, 'egress', PRIVATE, port), migrates, `databases, ${port}`);
      assert.equal(may(name, 'egress', PRIVATE, 6379), false);
    });
  }

  it('nothing else in the namespace speaks or is spoken to', () => {
    assert.equal(may('stranger', 'ingress', INGRESS, 8080), false);
    assert.equal(may('stranger', 'egress', GOOGLE, 443), false);
    assert.equal(may('stranger', 'egress', DNS, 53, 'UDP'), false);
  });

  it('cert-manager may show that a host is ours, where it makes the certificates', () => {
    const solver = { 'acme.cert-manager.io/http01-solver': 'true' };
    const { issuer: _, ...unissued } = ASKED;
    const reached = (asked: Asked, end: End, port: number) =>
      passes(objectsOf(asked), solver, 'ingress', end, { port });
    for (const asked of [ASKED, { ...SINGLE, issuer: 'letsencrypt' }]) {
      assert.equal(reached(asked, INGRESS, 8089), true);
      assert.equal(reached(asked, INGRESS, 8080), false);
      assert.equal(reached(asked, { namespace: 'default', labels: {} }, 8089), false);
      assert.equal(passes(objectsOf(asked), solver, 'egress', GOOGLE, { port: 443 }), false);
    }
    assert.equal(reached(unissued, INGRESS, 8089), false);
  });

  it('names are asked for where GKE answers them: in its node-local cache, or at the metadata server', () => {
    const ends: End[] = [{ namespace: 'kube-system', labels: { 'k8s-app': 'node-local-dns' } }, METADATA];
    for (const protocol of ['TCP', 'UDP'])
      for (const end of ends) assert.equal(may('links', 'egress', end, 53, protocol), true);
  });

  it('migrations before a rollout reach databases and their lease, and are reached by nobody', () => {
    assert.equal(may('migrate', 'egress', PRIVATE, 5432), true);
    assert.equal(may('migrate', 'egress', PRIVATE, 6443), true);
    assert.equal(may('migrate', 'ingress', INGRESS, 8080), false);
  });

  it('a row that connects nowhere but to LTA at another port may go there', () => {
    const asked = { ...ASKED, settings: { bus: { LTA_BASE_URL: 'https://lta.example:8443/x' } } };
    const bus = (part: string) => passes(objectsOf(asked), selectorOf(part), 'egress', GOOGLE, { port: 8443 });
    assert.deepEqual([bus('bus'), bus('bus-sync'), bus('links')], [true, false, false]);
  });

  it('on Knative requests come by its own parts', () => {
    const from = (namespace: string) =>
      passes(objectsOf(KNATIVE), selectorOf('links'), 'ingress', { namespace, labels: {} }, { port: 8012 });
    assert.deepEqual([from('knative-serving'), from('kourier-system'), from('default')], [true, true, false]);
  });

  it('one pod of everything has no business with Google or the API server', () => {
    const of = (end: End, port: number) => passes(objectsOf(SINGLE), selectorOf('hawker'), 'egress', end, { port });
    assert.deepEqual(
      [of(METADATA, 80), of(PRIVATE, 6443), of(PRIVATE, 5432), of(GOOGLE, 443)],
      [false, false, true, true],
    );
  });
});
