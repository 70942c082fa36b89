/** Dashboards as Grafana takes them: what each panel must have, and that none lies over another. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { MANIFEST } from '#functions/manifest.ts';
import { makeFiles } from './files.ts';

interface Panel {
  id: number;
  type: string;
  title: string;
  description?: string;
  datasource?: { type: string; uid: string };
  gridPos: { x: number; y: number; w: number; h: number };
  fieldConfig?: { defaults: { unit?: string } };
  targets?: { refId: string; expr?: string; query?: string; exemplar?: boolean }[];
}
interface Dashboard {
  uid: string;
  title: string;
  schemaVersion: number;
  templating: { list: { name: string; type: string; query: unknown }[] };
  panels: Panel[];
}

const dashboards = new Map(
  [...makeFiles()].flatMap(([path, text]) =>
    path.startsWith('grafana/dashboards/')
      ? [[/([\w-]+)\.json$/.exec(path)?.[1] ?? '', JSON.parse(text) as Dashboard] as const]
      : [],
  ),
);
const charts = (dashboard: Dashboard) => dashboard.panels.filter(({ type }) => type !== 'row');
const of = (name: string) => dashboards.get(name) ?? assert.fail(name);
const titles = (name: string) => charts(of(name)).map(({ title }) => title);

describe('dashboards', () => {
  it('are one for all, one for what is shared, and one for each function', () => {
    assert.deepEqual(
      [...dashboards.keys()].sort(),
      ['overview', 'coordination', ...MANIFEST.map(({ name }) => name)].sort(),
    );
    assert.equal(new Set([...dashboards.values()].map(({ uid }) => uid)).size, dashboards.size);
    for (const { uid, schemaVersion } of dashboards.values()) {
      // Longer ones are refused.
      assert.ok(uid.length <= 40, uid);
      assert.ok(schemaVersion >= 39, uid);
    }
  });

  for (const [name, dashboard] of dashboards)
    it(`have panels that are whole and beside each other: ${name}`, () => {
      const ids = dashboard.panels.map(({ id }) => id);
      assert.equal(new Set(ids).size, ids.length);
      const taken = new Set<string>();
      for (const { gridPos } of dashboard.panels)
        for (let x = gridPos.x; x < gridPos.x + gridPos.w; x++)
          for (let y = gridPos.y; y < gridPos.y + gridPos.h; y++) {
            assert.ok(x < 24 && !taken.has(`${x} ${y}`), `${x} ${y}`);
            taken.add(`${x} ${y}`);
          }
      const variables = dashboard.templating.list.filter(({ type }) => type === 'datasource');
      for (const panel of charts(dashboard)) {
        assert.match(panel.description ?? '', /^[A-Z0-9].*\.$/, panel.title);
        assert.ok((panel.targets?.length ?? 0) > 0, panel.title);
        const variable = variables.find(({ name: each }) => panel.datasource?.uid === `\${${each}}`);
        assert.equal(variable?.query, panel.datasource?.type, panel.title);
        if (panel.datasource?.type === 'prometheus') assert.ok(panel.fieldConfig?.defaults.unit, panel.title);
        const refs = panel.targets?.map(({ refId }) => refId) ?? [];
        assert.equal(new Set(refs).size, refs.length, panel.title);
        assert.ok(
          refs.every((ref) => /^[A-Z]$/.test(ref)),
          panel.title,
        );
      }
    });

  it('show marks of traces in what is made from buckets, and only there', () => {
    for (const [name, dashboard] of dashboards)
      for (const { title, targets = [], type } of charts(dashboard))
        if (type === 'timeseries')
          for (const { expr = '', exemplar = false } of targets)
            assert.equal(exemplar, expr.includes('_bucket'), `${name}: ${title}`);
  });

  it("show what a function's row says that it uses", () => {
    assert.ok(titles('redirects').includes('Redirects by outcome'));
    assert.ok(titles('links').includes('Requests by status') && !titles('links').includes('Published'));
    assert.ok(titles('clicks').includes('New dead letters') && !titles('clicks').includes('Firings by end'));
    assert.ok(
      titles('outbox-relay').includes('Firings by end') && titles('outbox-relay').includes('Outbox by outcome'),
    );
    assert.ok(titles('bus').includes('Open streams') && !titles('slides').includes('Open streams'));
    assert.ok(titles('slides-jobs').includes('Conversion'));
    assert.ok(titles('migration-runs').includes('Since it last got on'));
    const queries = JSON.stringify(of('bus-push').panels);
    assert.match(queries, /hawker_upstream=~\\+"push\\+"/);
  });
});
