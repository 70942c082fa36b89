import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { guardAgainstLeaks } from '#shared/testing/leak-guard.ts';
import { createTestBus } from '../testing.ts';

guardAgainstLeaks();

const ask = async (
  path: string,
  { headers = {}, prefix = '/bus' }: { headers?: Record<string, string>; prefix?: string } = {},
) => {
  await using bus = await createTestBus({ withoutLta: true, prefix });
  const answer = await bus.instance.fetch(new Request(`http://console.example${path}`, { headers }));
  return { status: answer.status, headers: answer.headers, text: await answer.text() };
};

describe('the first page', () => {
  it('says without a key that this is a demo, what a key adds, where it is free, and how lists are loaded', async () => {
    const { status, text } = await ask('/');
    assert.equal(status, 200);
    assert.match(text, /LTA_ACCOUNT_KEY/);
    assert.match(text, /href="https:\/\/datamall\.lta\.gov\.sg"/);
    assert.match(text, /npm run bus -- sync --file/);
    for (const code of ['99999', '99998', '99997']) assert.match(text, new RegExp(`href="/bus/stops/${code}"`));
  });

  it('finds stops by words and by position, and goes straight to a number that exists', async () => {
    assert.match((await ask('/?q=serangoon+demo')).text, /href="\/bus\/stops\/99992">S&#39;goon Demo Gdn/);
    assert.match((await ask('/?q=nothing+like+this')).text, /No stop fits/);
    assert.match((await ask('/?near=1.3654,103.8551&radius=300')).text, /99999 · Demo Ave 2 · 0 m away/);
    assert.match((await ask('/?near=1.3954,103.8551')).text, /\d{4} m away/, 'further away where none is near');
    assert.match((await ask('/?near=1.0,103.0')).text, /No stop within 5000 m/);
    assert.match((await ask('/?near=1.3954,103.8551&radius=300')).text, /No stop within 300 m/);
    for (const near of ['here', '1.3', '91,0', '1.3,181', '1e5,3']) {
      const { status, text } = await ask(`/?near=${near}`);
      assert.deepEqual([status, /This is no position/.test(text)], [200, true], near);
    }
    const straight = await ask('/?q=+99992+');
    assert.deepEqual([straight.status, straight.headers.get('Location')], [303, '/bus/stops/99992']);
    assert.equal((await ask('/?q=12345')).status, 200);
  });

  it('speaks the language that was chosen, keeps it for a year, and leads to the same page in the others', async () => {
    const { headers, text } = await ask('/?q=demo&lang=ta');
    assert.match(text, /<html lang="ta">/);
    assert.equal(headers.get('Set-Cookie'), 'bus-lang=ta; Path=/bus; Max-Age=31536000; SameSite=Lax');
    assert.equal(headers.get('Content-Language'), 'ta');
    assert.match(headers.get('Vary') ?? '', /Cookie.*Accept-Language/);
    assert.match(text, /href="\?q=demo&amp;lang=zh"/);
    assert.equal((await ask('/?lang=xx')).headers.get('Set-Cookie'), null);
    assert.match((await ask('/', { headers: { Cookie: 'bus-lang=ms' } })).text, /<html lang="ms">/);
    assert.match((await ask('/', { headers: { 'Accept-Language': 'zh-SG,en;q=0.5' } })).text, /<html lang="zh">/);
    assert.match((await ask('/?lang=zh', { prefix: '' })).headers.get('Set-Cookie') ?? '', /Path=\/;/);
  });

  it('works at the root of a host of its own', async () => {
    const { text } = await ask('/', { prefix: '' });
    assert.doesNotMatch(text, /"\/bus/);
    assert.match(text, /action="\/"/);
    assert.match(text, /src="\/assets\/app\.js/);
    assert.match(text, /href="\/stops\/99999"/);
  });
});

describe('a service and a ride', () => {
  it('lists the stops in each direction with first and last buses', async () => {
    const { status, text } = await ask('/services/9n');
    assert.equal(status, 200);
    assert.match(text, /<h1>Service 9N<\/h1>/);
    assert.match(text, /23:3\d–02:0\d/);
    assert.match((await ask('/services/7')).text, /Direction 1.*Direction 2/s);
    const none = await ask('/services/999');
    assert.deepEqual([none.status, /No service 999/.test(none.text)], [404, true]);
  });

  it('finds direct buses with the next ones, and says which number is none', async () => {
    const { status, text } = await ask('/direct?from=99996&to=99994');
    assert.equal(status, 200);
    assert.match(text, /services\/8".*\d+ stops/s);
    assert.match(text, /data-eta/);
    const part = (await ask('/direct?from=99996&to=99994&fragment=board')).text;
    assert.match(part, /^<!--board--><section id="board" data-now="\d+" data-fetched="\d+">[\s\S]*<!--\/board-->$/);
    assert.match(part, /data-row="8~1~\d+" data-status="\w+"/);
    assert.match((await ask('/direct?from=99999&to=99990')).text, /No service goes from/);
    assert.equal((await ask('/direct?from=99996&to=12345')).status, 404);
    assert.equal((await ask('/direct?from=99996&to=abc')).status, 400);
    assert.equal((await ask('/direct')).status, 200);
  });
});
