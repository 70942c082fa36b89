import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { LANGUAGE_NAMES, type Lang, MESSAGES, type MessageKey, sayIn } from './messages/index.ts';
import { languageOf } from './visit.ts';

const LANGS = Object.keys(LANGUAGE_NAMES) as Lang[];
const placeholders = (text: string) => [...text.matchAll(/\{\w+\}/g)].map(([found]) => found).sort();

describe('the messages', () => {
  it('are the same in every language: keys, order and values to put in', () => {
    const keys = Object.keys(MESSAGES.en) as MessageKey[];
    assert.ok(keys.length > 100);
    for (const lang of LANGS) {
      assert.deepEqual(Object.keys(MESSAGES[lang]), keys, lang);
      for (const key of keys)
        assert.deepEqual(placeholders(MESSAGES[lang][key]), placeholders(MESSAGES.en[key]), `${lang}.${key}`);
    }
  });

  it('are translated: hardly any is the English one', () => {
    const keys = Object.keys(MESSAGES.en) as MessageKey[];
    for (const lang of LANGS.filter((other) => other !== 'en')) {
      const same = keys.filter((key) => MESSAGES[lang][key] === MESSAGES.en[key]);
      assert.ok(same.length <= 3, `${lang}: ${same.join(', ')}`);
      assert.deepEqual(
        keys.filter((key) => MESSAGES[lang][key].trim() === ''),
        [],
      );
    }
  });

  it('take a value as often as it is named, and any text as it is', () => {
    assert.equal(sayIn('en')('before_first', { first: '05:30' }), 'Not running yet. First bus 05:30.');
    assert.equal(sayIn('en')('results_for', { q: '$& {q}' }), 'Stops for “$& {q}”');
  });
});

describe('the language', () => {
  const cases: [string | undefined, string | undefined, string | undefined, Lang][] = [
    [undefined, undefined, undefined, 'en'],
    ['ta', 'bus-lang=zh', 'ms', 'ta'],
    ['xx', 'bus-lang=zh', 'ms', 'zh'],
    [undefined, 'a=b; bus-lang=ms', 'ta', 'ms'],
    [undefined, 'my-bus-lang=ms', 'ta', 'ta'],
    [undefined, 'bus-lang=constructor', 'ta', 'ta'],
    [undefined, undefined, 'fr-CH, zh-Hant-TW;q=0.9, en;q=0.8', 'zh'],
    [undefined, undefined, 'en;q=0.3, ta-SG;q=0.7', 'ta'],
    [undefined, undefined, 'zh;q=0, ms;q=0.1', 'ms'],
    [undefined, undefined, '*;q=0.5, fr', 'en'],
    [undefined, undefined, ';;;,,q=,zh;q=x', 'zh'],
  ];
  for (const [chosen, cookies, accepted, lang] of cases)
    it(`is ${lang} for ${JSON.stringify([chosen, cookies, accepted])}`, () => {
      assert.equal(languageOf(chosen, cookies, accepted), lang);
    });
});
